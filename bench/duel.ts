/** @file A program of ours and one in PyTorch, each in a process of its own, taking turns at the same step. */
import { setTimeout as sleep } from 'node:timers/promises';
import Table from 'cli-table3';
import type { Competitor } from './competitor.js';
import { median } from './statistics.js';

export interface Side {
  readonly seconds: readonly number[];
  readonly medianSeconds: number;
  readonly fastestSeconds: number;
  readonly peakMegabytes: number;
  /** Before the first update. */
  readonly loss: number;
}

export interface Duel {
  readonly name: string;
  readonly parameters: number;
  readonly compiled: Side;
  readonly pytorch: Side | undefined;
  /** PyTorch's median over ours. */
  readonly speedup: number | undefined;
}

/** Lets both take turns, so that a busy spell of the machine meets both; the first step is not counted. */
export async function duel(
  { name, parameters }: Pick<Duel, 'name' | 'parameters'>,
  compiled: Competitor,
  pytorch: Competitor | undefined,
  { rounds, steps }: { readonly rounds: number; readonly steps: number },
): Promise<Duel> {
  if (pytorch === undefined) console.error('PyTorch left out: set EHMAM_PYTHON to a Python that has torch');
  const sides = pytorch === undefined ? [compiled] : [compiled, pytorch];
  const losses: number[] = [];
  const seconds = sides.map((): number[] => []);
  for (const side of sides) losses.push(Number((await side.ask('step')).loss));
  for (let round = 0; round < rounds; round++) {
    for (const [i, side] of sides.entries()) {
      await sleep(200); // idle threads of the other stop spinning
      for (let n = 0; n < steps; n++) seconds[i]?.push(Number((await side.ask('step')).seconds));
    }
  }
  const [ours, theirs] = await Promise.all(
    sides.map((side, i) => sideOf(side, seconds[i] ?? [], losses[i] ?? 0)),
  );
  if (ours === undefined) throw new Error('nothing was measured');
  const speedup = theirs && theirs.medianSeconds / ours.medianSeconds;
  return { name, parameters, compiled: ours, pytorch: theirs, speedup };
}

async function sideOf(side: Competitor, seconds: readonly number[], loss: number): Promise<Side> {
  const { megabytes } = await side.ask('memory');
  await side.close();
  return {
    seconds,
    medianSeconds: median(seconds),
    fastestSeconds: Math.min(...seconds),
    peakMegabytes: Number(megabytes),
    loss,
  };
}

export function printDuels(duels: readonly Duel[]): void {
  const head = ['', 'parameters', '', 's a step', 'fastest', 'peak MB', 'loss', 'x PyTorch'];
  const table = new Table({ head, style: { head: [], border: [] } });
  for (const { name, parameters, compiled, pytorch, speedup } of duels) {
    const cells = (who: string, side: Side): string[] => [
      who,
      side.medianSeconds.toFixed(3),
      side.fastestSeconds.toFixed(3),
      side.peakMegabytes.toFixed(0),
      side.loss.toFixed(5),
    ];
    const millions = `${(parameters / 1e6).toFixed(1)} M`;
    table.push([name, millions, ...cells('compiled', compiled), speedup?.toFixed(2) ?? '']);
    if (pytorch !== undefined) table.push(['', '', ...cells('PyTorch', pytorch), '']);
  }
  console.log(table.toString());
}

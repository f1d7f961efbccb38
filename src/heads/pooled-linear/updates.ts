/** @file Updates of all the runs of a grid, its parts side by side, many in one run of a program. */
import pLimit, { type LimitFunction } from 'p-limit';
import type { HeadWork } from '../../api/head-kind.js';
import { float32, floatsOf, int32, scalar } from '../../base/host-tensor.js';
import type { Program } from '../../engine/engine.js';
import type { BatchStream, PooledBatches } from './batches.js';
import { type HeldGrid, type HeldPart, releaseGrid, runsOf, type Source } from './grid.js';
import type { RunsUpdated, RunsUpdates } from './runs.js';
import type { Scoring } from './scoring.js';
import type { PooledSettings } from './settings.js';

/** Bounds of the program runs under way: the updates of one, and the bytes of all their batches. */
const mostUpdatesPerRun = 64;
const mostBatchBytes = 192 * 2 ** 20;

export interface Training extends Scoring {
  readonly settings: PooledSettings;
  readonly update: Program<RunsUpdates, RunsUpdated, 'parameters' | 'moments'>;
  /** Hidden states in a batch. */
  readonly layers: number;
  readonly streamOf: (source: Source) => BatchStream;
}

interface Trained<Runs> {
  readonly grid: Runs;
  /** The sum of each run's losses. */
  readonly losses: readonly number[];
}

/** Runs that have their batches: one lies ready for the thread that is free next, parts further behind hold none. */
const runsUnderWay = ({ engine }: HeadWork): number => engine.threads + 1;

/** How many updates one run of the program does: of every part, since all have as many bytes for their batches. */
export function updatesPerRun({ work, settings, layers }: Training, { parts }: HeldGrid): number {
  const { dim } = work.features;
  const sources = parts.reduce((most, part) => Math.max(most, part.sources.length), 1);
  const batchBytes = sources * layers * settings.batchSize * dim * 4;
  const underWay = Math.max(1, Math.min(parts.length, runsUnderWay(work)));
  const fitting = Math.floor(mostBatchBytes / underWay / batchBytes);
  return Math.max(1, Math.min(mostUpdatesPerRun, fitting));
}

/**
 * Updates `from` to `to` of every run. The grid given is used up, also where it throws.
 * @param losses sums of each run's losses, to which those of these updates are added, one after the other
 */
export async function trainUntil(
  training: Training,
  grid: HeldGrid,
  losses: readonly number[],
  from: number,
  to: number,
): Promise<Trained<HeldGrid>> {
  const most = updatesPerRun(training, grid);
  const inTurn = pLimit(runsUnderWay(training.work));
  let run = 0;
  const trained = await allOf(
    grid.parts.map((part) => {
      const sums = losses.slice(run, run + runsOf(part));
      run += runsOf(part);
      return trainPart(training, { grid: part, losses: sums }, [from, to], { most, inTurn });
    }),
    ({ grid: part }) => releaseGrid({ parts: [part] }),
  );
  return {
    grid: { ...grid, parts: trained.map((one) => one.grid) },
    losses: trained.flatMap((one) => one.losses),
  };
}

/** All the results; where one is missing, the others are given back. */
async function allOf<T>(coming: readonly Promise<T>[], release: (result: T) => Promise<void>): Promise<T[]> {
  const settled = await Promise.allSettled(coming);
  const results = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const failed = settled.find((one) => one.status === 'rejected');
  if (failed === undefined) return results;
  for (const result of results) await release(result);
  throw failed.reason;
}

async function trainPart(
  { update, streamOf }: Training,
  { grid, losses }: Trained<HeldPart>,
  [from, to]: readonly [from: number, to: number],
  { most, inTurn }: { readonly most: number; readonly inTurn: LimitFunction },
): Promise<Trained<HeldPart>> {
  const runs = runsOf(grid);
  const learningRates = float32(
    [runs],
    grid.sources.flatMap(() => grid.rates),
  );
  const sums = [...losses];
  let part = grid;
  try {
    for (let done = from; done < to; ) {
      const updates = Math.min(most, to - done);
      const [step, { parameters, moments }] = [done, part];
      const outputs = await inTurn(() => {
        const batches = grid.sources.map((source) => streamOf(source)(step, updates));
        return update.run({
          ...{ parameters, moments, learningRates, step: scalar(step) },
          ...interleaved(batches, updates),
        });
      });
      part = { ...part, parameters: outputs.parameters, moments: outputs.moments };
      floatsOf(outputs.losses).forEach((loss, i) => {
        sums[i % runs] = (sums[i % runs] as number) + loss;
      });
      done += updates;
    }
  } catch (error) {
    await releaseGrid({ parts: [part] });
    throw error;
  }
  return { grid: part, losses: sums };
}

/** Batches of sources, each [updates, ...], as [updates, sources, ...]. */
function interleaved(batches: readonly PooledBatches[], updates: number): PooledBatches {
  const [first] = batches;
  if (first === undefined) throw new Error('no batches');
  const sources = batches.length;
  const shapeOf = (shape: readonly number[]): number[] => [updates, sources, ...shape.slice(1)];
  if (sources === 1) {
    const { means, targets } = first;
    return {
      means: { ...means, shape: shapeOf(means.shape) },
      targets: { ...targets, shape: shapeOf(targets.shape) },
    };
  }
  const [width, rows] = [first.means.data.length / updates, first.targets.data.length / updates];
  const means = new Float32Array(sources * first.means.data.length);
  const targets = new Int32Array(sources * first.targets.data.length);
  batches.forEach((batch, source) => {
    for (let i = 0; i < updates; i++) {
      means.set(batch.means.data.subarray(i * width, (i + 1) * width), (i * sources + source) * width);
      targets.set(batch.targets.data.subarray(i * rows, (i + 1) * rows), (i * sources + source) * rows);
    }
  });
  return {
    means: float32(shapeOf(first.means.shape), means),
    targets: int32(shapeOf(first.targets.shape), targets),
  };
}

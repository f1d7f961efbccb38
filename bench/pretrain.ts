/** @file Benchmark: one update of the student, compiled and in PyTorch, side by side at three sizes. */
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import Table from 'cli-table3';
import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';
import { type Competitor, startNode, startPyTorch } from './competitor.js';
import { exemptNames, type PretrainSize, pretrainSizes, updateInputs } from './pretrain-sizes.js';
import { median } from './statistics.js';

interface Side {
  readonly seconds: readonly number[];
  readonly medianSeconds: number;
  readonly fastestSeconds: number;
  readonly peakMegabytes: number;
  /** Before the first update. */
  readonly loss: number;
}

interface Row {
  readonly size: string;
  readonly parameters: number;
  readonly compiled: Side;
  readonly pytorch: Side | undefined;
  /** PyTorch's median over ours. */
  readonly speedup: number | undefined;
}

const options = await yargs(hideBin(process.argv))
  .scriptName('bench:pretrain')
  .usage('$0: one update of the student, compiled and in PyTorch ($EHMAM_PYTHON, default python3)')
  .options({
    sizes: { type: 'string', array: true, default: pretrainSizes.map(({ name }) => name) },
    threads: { type: 'number', default: availableParallelism(), describe: 'for ONNX Runtime and PyTorch' },
    rounds: { type: 'number', default: 5, describe: 'times that the two take turns' },
    steps: { type: 'number', default: 4, describe: 'updates a turn' },
    json: { type: 'boolean', default: false, describe: 'print JSON' },
  })
  .strict()
  .parse();

const rows: Row[] = [];
for (const size of pretrainSizes.filter(({ name }) => options.sizes.includes(name))) {
  rows.push(await measure(size));
}
if (options.json) console.log(JSON.stringify({ threads: options.threads, rows }, null, 1));
else print(rows);

async function measure(size: PretrainSize): Promise<Row> {
  const { threads, rounds, steps } = options;
  const { config } = size;
  const { adam: _, dropping: __, ...tensors } = updateInputs(size);
  const shared = { size: size.name, decay: config.teacher.decay };
  const compiled = await startNode('pretrain-step.js', { description: shared, tensors: {}, threads });
  const pytorch = await startPyTorch('pretrain_step.py', {
    description: {
      ...shared,
      encoder: config.encoder,
      optimizer: config.optimizer,
      rankingWeight: config.ranking.weight,
      exempt: exemptNames(tensors.student),
    },
    tensors,
    threads,
  });
  if (pytorch === undefined) console.error('PyTorch left out: set EHMAM_PYTHON to a Python that has torch');
  const sides = pytorch === undefined ? [compiled] : [compiled, pytorch];
  const losses: number[] = [];
  const seconds = sides.map((): number[] => []);
  for (const side of sides) losses.push(Number((await side.ask('step')).loss));
  // They take turns, so that a busy spell of the machine meets both.
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
  return {
    size: size.name,
    parameters: Object.values(tensors.student).reduce((sum, { data }) => sum + data.length, 0),
    compiled: ours,
    pytorch: theirs,
    speedup: theirs && theirs.medianSeconds / ours.medianSeconds,
  };
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

function print(rows: readonly Row[]): void {
  const head = ['', 'parameters', '', 's a step', 'fastest', 'peak MB', 'loss', 'x PyTorch'];
  const table = new Table({ head, style: { head: [], border: [] } });
  for (const { size, parameters, compiled, pytorch, speedup } of rows) {
    const cells = (name: string, side: Side): string[] => [
      name,
      side.medianSeconds.toFixed(3),
      side.fastestSeconds.toFixed(3),
      side.peakMegabytes.toFixed(0),
      side.loss.toFixed(5),
    ];
    const millions = `${(parameters / 1e6).toFixed(1)} M`;
    table.push([size, millions, ...cells('compiled', compiled), speedup?.toFixed(2) ?? '']);
    if (pytorch !== undefined) table.push(['', '', ...cells('PyTorch', pytorch), '']);
  }
  console.log(table.toString());
}

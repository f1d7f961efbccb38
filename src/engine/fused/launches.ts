/** @file Fused operations as launches of kernels: a table with a row for each tensor, in the layout of kernels.cu. */
import { sizeOf } from '../../base/host-tensor.js';
import type { DeviceTensor } from '../device/tensor.js';
import type { Address } from '../ort/foreign.js';
import type { Fused } from './fused.js';

export const kernelNames = ['adam', 'average', 'squares', 'clip', 'paths', 'lstm', 'lstmGradients'] as const;
export type KernelName = (typeof kernelNames)[number];

/** Words of 8 bytes in a row of every table. */
export const rowWords = 16;
export const rowBytes = 8 * rowWords;

/** One launch: `blocks` blocks of threads share each row's work. */
export interface Launch {
  readonly kernel: KernelName;
  readonly rows: number;
  readonly blocks: number;
  /** How often it is launched, on one set of rows after the other (default: once). */
  readonly times?: number;
  /** The table, rows one after the other. */
  readonly table: BigUint64Array;
}

/** Blocks that share a tensor: some 16,000 threads. */
const blocksOfRow = 64;

/** A fused operation on tensors of a device. */
export type FusedCall = Fused<DeviceTensor>;

/** Runs of operations of one name, in their order: none reads what another of its run makes. */
export function runsOf<At>(all: readonly Fused<At>[]): readonly (readonly Fused<At>[])[] {
  const runs: Fused<At>[][] = [];
  let made = new Set<At>();
  for (const each of all) {
    const run = runs.at(-1);
    const readsRun = each.inputs.some((input) => input !== undefined && made.has(input));
    if (run?.[0]?.name === each.name && !readsRun) run.push(each);
    else {
      runs.push([each]);
      made = new Set();
    }
    for (const output of each.outputs) made.add(output);
  }
  return runs;
}

/**
 * The launches of a run of operations.
 * @param workspace memory of a launch, of so many bytes
 */
export function launchesOf(
  run: readonly FusedCall[],
  workspace: (bytes: number) => Address,
): readonly Launch[] {
  const name = (run[0] as FusedCall).name;
  if (name === 'norm') return run.flatMap((call) => normOf(call, workspace));
  if (name === 'paths') return run.map(pathsOf);
  if (name === 'lstm') return run.map(lstmOf);
  if (name === 'lstmGradients') return run.map((call) => lstmGradientsOf(call, workspace));
  return [launchOf(name, run)];
}

/** Units of a block, `UNITS` of kernels.cu. */
const unitsOfBlock = 8;

/** A launch for each step, a row for each launch. */
function lstmOf({ inputs, outputs }: FusedCall): Launch {
  const [frames, ...sizes] = lstmSizes(outputs[0] as DeviceTensor);
  const words = [...inputs, ...outputs].map(wordOf);
  return stepwise(
    'lstm',
    sizes,
    upTo(frames).map((step) => [...words, ...sizes.map(BigInt), BigInt(step)]),
  );
}

function lstmGradientsOf({ inputs, outputs }: FusedCall, workspace: (bytes: number) => Address): Launch {
  const [frames, ...sizes] = lstmSizes(inputs[6] as DeviceTensor);
  const words = [...[...inputs, ...outputs].map(wordOf), workspace(4 * sizeOf(sizes)), ...sizes.map(BigInt)];
  const rows = upTo(frames).map((step) => [...words, BigInt(frames - 1 - step), BigInt(frames - 1)]);
  return stepwise('lstmGradients', sizes, rows);
}

/** @param hidden [T, B, H] or [T, directions, B, H] */
function lstmSizes({
  shape,
}: DeviceTensor): [frames: number, directions: number, units: number, batch: number] {
  const [frames, directions, batch, units] = shape.length === 3 ? [shape[0], 1, ...shape.slice(1)] : shape;
  return [frames, directions, units, batch] as [number, number, number, number];
}

const stepwise = (
  kernel: KernelName,
  [directions, units]: readonly number[],
  rows: readonly (readonly bigint[])[],
): Launch => ({
  ...{ kernel, rows: 1, times: rows.length, table: tableOf(rows) },
  blocks: (directions as number) * Math.ceil((units as number) / unitsOfBlock),
});

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** A block for each row of paths: they do not depend on each other, their frames do. */
function pathsOf({ inputs, outputs }: FusedCall): Launch {
  const sizes = (inputs[0] as DeviceTensor).shape;
  const table = tableOf([[...[...inputs, ...outputs].map(wordOf), ...sizes.map(BigInt)]]);
  return { kernel: 'paths', rows: 1, blocks: sizes[1] as number, table };
}

const launchOf = (kernel: keyof typeof tensorsOf, run: readonly FusedCall[]): Launch => ({
  ...{ kernel, rows: run.length, blocks: blocksOfRow },
  table: tableOf(
    run.map(({ inputs, outputs, numbers }) => {
      const [values, scalars] = [inputs.slice(0, tensorsOf[kernel]), inputs.slice(tensorsOf[kernel])];
      return [
        ...[...values, ...outputs, ...scalars].map(wordOf),
        BigInt(sizeOf((inputs[0] as DeviceTensor).shape)),
        ...numbers.map(wordOfNumber),
      ];
    }),
  ),
});

/** How many of the inputs are as large as the first; scalars follow. */
const tensorsOf = { adam: 4, average: 2 } as const;

function normOf({ inputs, outputs, numbers }: FusedCall, workspace: (bytes: number) => Address): Launch[] {
  const [share, ...tensors] = inputs as [DeviceTensor | undefined, ...DeviceTensor[]];
  const sums = tensors.length * blocksOfRow;
  const place = workspace(sums * 8);
  const squares = tensors.map((tensor, i) => [
    wordOf(tensor),
    place + BigInt(i * blocksOfRow * 8),
    BigInt(sizeOf(tensor.shape)),
  ]);
  const clip = [place, ...outputs.map(wordOf), wordOf(share), BigInt(sums), ...numbers.map(wordOfNumber)];
  return [
    { kernel: 'squares', rows: tensors.length, blocks: blocksOfRow, table: tableOf(squares) },
    { kernel: 'clip', rows: 1, blocks: 1, table: tableOf([clip]) },
  ];
}

function tableOf(rows: readonly (readonly bigint[])[]): BigUint64Array {
  const table = new BigUint64Array(rows.length * rowWords);
  for (const [i, row] of rows.entries()) table.set(row, i * rowWords);
  return table;
}

const wordOf = (tensor: DeviceTensor | undefined): bigint => tensor?.memory.address ?? 0n;

const wordOfNumber = (x: number): bigint => new BigUint64Array(Float64Array.of(x).buffer)[0] as bigint;

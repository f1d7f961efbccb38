/** @file The kernels of kernels.cu on the host: what stands for a device shows that tables are right, and a device is compared with it. */
import type { Address, Foreign } from '../ort/foreign.js';
import { type KernelName, rowWords } from './launches.js';

const { exp, fround, log, max, min, sqrt } = Math;

/** A row of a table: its words, and what lies where they point to. */
interface Row {
  word(i: number): number;
  number(i: number): number;
  /** A float, 1 where the word is none. */
  scalar(i: number): number;
  floats(i: number, count: number): Float32Array;
  doubles(i: number, count: number): Float64Array;
}

/** Runs a kernel on a table in the host's memory. */
export function hostLaunch(
  foreign: Foreign,
  kernel: KernelName,
  table: Address,
  { rows, blocks }: { readonly rows: number; readonly blocks: number },
): void {
  const words = new BigUint64Array(foreign.view(table, rows * rowWords * 8));
  const numbers = new Float64Array(words.buffer);
  for (let start = 0; start < words.length; start += rowWords) {
    const address = (i: number): Address => words[start + i] as Address;
    const floats = (i: number, count: number): Float32Array =>
      new Float32Array(foreign.view(address(i), count * 4));
    const row: Row = {
      floats,
      word: (i) => Number(address(i)),
      number: (i) => numbers[start + i] as number,
      scalar: (i) => (address(i) === 0n ? 1 : (floats(i, 1)[0] as number)),
      doubles: (i, count) => new Float64Array(foreign.view(address(i), count * 8)),
    };
    kernels[kernel](row, blocks);
  }
}

const kernels: Readonly<Record<KernelName, (row: Row, blocks: number) => void>> = {
  adam: (row) => {
    const all = (i: number): Float32Array => row.floats(i, row.word(11));
    const [value, gradient, first, second] = [all(0), all(1), all(2), all(3)];
    const [nextValue, nextFirst, nextSecond] = [all(4), all(5), all(6)];
    const [rate, smallest, learningRate, scale] = [
      row.scalar(7),
      row.scalar(8),
      row.scalar(9),
      row.scalar(10),
    ];
    const [beta1, beta2, factor, decay] = [row.number(12), row.number(13), row.number(14), row.number(15)];
    const ofFirst = fround(scale * fround(1 - beta1));
    const ofSecond = fround(scale * fround(sqrt(1 - beta2)));
    const [kept1, kept2] = [fround(beta1), fround(beta2)];
    const step = fround(rate * fround(factor));
    const kept = fround(1 - fround(learningRate * fround(factor * decay)));
    for (const [i, x] of value.entries()) {
      const root = fround((gradient[i] as number) * ofSecond);
      const m = fround(fround((first[i] as number) * kept1) + fround((gradient[i] as number) * ofFirst));
      const v = fround(fround((second[i] as number) * kept2) + fround(root * root));
      nextFirst[i] = m;
      nextSecond[i] = v;
      const change = fround(fround(m / fround(fround(sqrt(v)) + smallest)) * step);
      nextValue[i] = fround(x * kept) - change;
    }
  },
  average: (row) => {
    const count = row.word(4);
    const [value, now, next] = [row.floats(0, count), row.floats(1, count), row.floats(2, count)];
    const decay = row.scalar(3);
    const rest = fround(1 - decay);
    for (const [i, x] of value.entries()) next[i] = fround(x * decay) + fround((now[i] as number) * rest);
  },
  squares: (row, blocks) => {
    // The first block has it all.
    const sums = row.doubles(1, blocks).fill(0);
    sums[0] = row.floats(0, row.word(2)).reduce((sum, x) => sum + x * x, 0);
  },
  clip: (row) => {
    const sum = row.doubles(0, row.word(4)).reduce((all, x) => all + x, 0);
    const [share, limit] = [row.scalar(3), row.number(5)];
    const norm = fround(fround(sqrt(sum)) * share);
    const inverse = fround(1 / fround(norm + fround(1e-6)));
    const factor = limit > 0 ? min(fround(inverse * fround(limit)), 1) : 1;
    row.floats(1, 1)[0] = norm;
    row.floats(2, 1)[0] = factor * share;
  },
  paths: (row) => {
    const [frames, rows, states] = [row.word(5), row.word(6), row.word(7)];
    const [own, leaps] = [row.floats(1, frames * rows), row.floats(3, rows * states)];
    const [emissions, before, paths] = [
      row.floats(0, frames * rows * states),
      row.floats(2, rows * states),
      row.floats(4, frames * rows * states),
    ];
    for (let t = 0; t < frames; t++)
      for (let r = 0; r < rows; r++) {
        const at = (t * rows + r) * states;
        const from = t === 0 ? before.subarray(r * states) : paths.subarray(at - rows * states);
        for (let s = 0; s < states; s++) {
          const stay = from[s] as number;
          const step = s > 0 ? (from[s - 1] as number) : Number.NEGATIVE_INFINITY;
          const leap =
            s > 1
              ? fround((from[s - 2] as number) + (leaps[r * states + s] as number))
              : Number.NEGATIVE_INFINITY;
          const top = max(stay, step, leap);
          const sum = exp(stay - top) + exp(step - top) + exp(leap - top);
          paths[at + s] =
            (own[t * rows + r] as number) > 0 ? fround(top + log(sum)) + (emissions[at + s] as number) : stay;
        }
      }
  },
};

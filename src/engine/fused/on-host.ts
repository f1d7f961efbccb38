/** @file The kernels of kernels.cu on the host: what stands for a device shows that tables are right, and a device is compared with it. */
import type { Address, Foreign } from '../ort/foreign.js';
import { type KernelName, rowBytes, rowWords } from './launches.js';

const { exp, fround, log, max, min, sqrt, tanh } = Math;

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
  const words = new BigUint64Array(foreign.view(table, rows * rowBytes));
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

const sigmoid = (x: number): number => fround(1 / fround(1 + exp(-x)));

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
  lstm: (row) => {
    const [directions, units, batch, step] = [row.word(8), row.word(9), row.word(10), row.word(11)];
    const size = directions * units * batch;
    const all = (i: number, times: number): Float32Array => row.floats(i, (step + 1) * times * size);
    const [fromInput, hidden, inputForget] = [all(0, 4), all(2, 1), all(3, 2)];
    const [candidate, output, kept, squashed] = [all(4, 1), all(5, 1), all(6, 1), all(7, 1)];
    const recurrent = row.floats(1, 4 * directions * units * units);
    each(directions, units, batch, (d, unit, b) => {
      const place = step * directions + d;
      const received = [0, 1, 2, 3].map((gate) => {
        let sum = 0;
        for (let k = 0; step > 0 && k < units; k++)
          sum +=
            (recurrent[((d * 4 + gate) * units + unit) * units + k] as number) *
            (hidden[((place - directions) * batch + b) * units + k] as number);
        return fround(fround(sum) + (fromInput[((place * 4 + gate) * units + unit) * batch + b] as number));
      }) as Four;
      const at = (place * units + unit) * batch + b;
      const atInput = (place * 2 * units + unit) * batch + b;
      const before = at - size;
      const cell =
        step === 0
          ? 0
          : fround(
              (kept[before] as number) +
                fround((inputForget[atInput - 2 * size] as number) * (candidate[before] as number)),
            );
      const [i, f, g, o] = [
        sigmoid(received[0]),
        sigmoid(received[1]),
        fround(tanh(received[2])),
        sigmoid(received[3]),
      ];
      const keeps = fround(f * cell);
      const squash = fround(tanh(fround(keeps + fround(i * g))));
      inputForget[atInput] = i;
      inputForget[atInput + units * batch] = f;
      candidate[at] = g;
      output[at] = o;
      kept[at] = keeps;
      squashed[at] = squash;
      hidden[(place * batch + b) * units + unit] = o * squash;
    });
  },
  lstmGradients: (row) => {
    const [directions, units, batch, step, last] = [
      row.word(9),
      row.word(10),
      row.word(11),
      row.word(12),
      row.word(13),
    ];
    const size = directions * units * batch;
    const all = (i: number, times: number): Float32Array => row.floats(i, (last + 1) * times * size);
    const [inputForget, candidate, output, kept] = [all(1, 2), all(2, 1), all(3, 1), all(4, 1)];
    const [squashed, dHidden, dGates] = [all(5, 1), all(6, 1), all(7, 4)];
    const recurrent = row.floats(0, 4 * directions * units * units);
    const passed = row.floats(8, size);
    each(directions, units, batch, (d, unit, b) => {
      const place = step * directions + d;
      let sum = 0;
      for (let k = 0; step < last && k < 4 * units; k++)
        sum +=
          (recurrent[(d * 4 * units + k) * units + unit] as number) *
          (dGates[((place + directions) * batch + b) * 4 * units + k] as number);
      const own = fround((dHidden[(place * batch + b) * units + unit] as number) + sum);
      const at = (place * units + unit) * batch + b;
      const atInput = (place * 2 * units + unit) * batch + b;
      const [i, f] = [inputForget[atInput], inputForget[atInput + units * batch]] as [number, number];
      const [g, o, squash] = [candidate[at], output[at], squashed[at]] as [number, number, number];
      const from = (d * units + unit) * batch + b;
      const cell = fround(
        own * fround(o * (1 - squash * squash)) + (step < last ? (passed[from] as number) : 0),
      );
      passed[from] = cell * f;
      const to = (place * batch + b) * 4 * units + unit;
      dGates[to] = cell * i * g * (1 - i);
      dGates[to + units] = cell * (kept[at] as number) * (1 - f);
      dGates[to + 2 * units] = cell * i * (1 - g * g);
      dGates[to + 3 * units] = own * o * squash * (1 - o);
    });
  },
};

type Four = [number, number, number, number];

/** For every unit of every direction and every utterance. */
function each(
  directions: number,
  units: number,
  batch: number,
  work: (direction: number, unit: number, utterance: number) => void,
): void {
  for (let d = 0; d < directions; d++)
    for (let unit = 0; unit < units; unit++) for (let b = 0; b < batch; b++) work(d, unit, b);
}

/**
 * @file Change of the sample rate by a windowed-sinc filter, one set of taps for every phase (the algorithm of
 * torchaudio.functional.resample, with its `kaiser_best` settings, which are those of resampy).
 */
import { LRUCache } from 'lru-cache';

/** Zero crossings of the sinc on either side, the cut-off as a share of the lower Nyquist frequency, the window's shape. */
const zeroCrossings = 64;
const rolloff = 0.9475937167399596;
const beta = 14.769656459379492;

interface Filter {
  /** Input samples from one phase cycle to the next, and the output samples that these become. */
  readonly inputs: number;
  readonly phases: number;
  /** Taps before the input sample at or before an output's place; as many and one more follow. */
  readonly reach: number;
  /** [phases, 2 * reach + 2] */
  readonly taps: Float64Array;
}

/** A filter is a pure function of the two rates, kept because a corpus asks for the same one at every file. */
const filters = new LRUCache<string, Filter>({
  maxSize: 2 ** 23,
  sizeCalculation: ({ taps }) => taps.length,
});

/** A filter of more taps (32 MB) is not made: rates that share no divisor have as many phases as samples a second. */
const mostTaps = 2 ** 22;

/**
 * The same sound at another rate.
 * @returns round(samples.length * toHz / fromHz) samples; beyond its ends the input counts as silence
 */
export function resample(samples: Float32Array, fromHz: number, toHz: number): Float32Array {
  if (fromHz === toHz) return samples;
  const output = new Float32Array(Math.round((samples.length * toHz) / fromHz));
  const shape = shapeOf(fromHz, toHz);
  if (shape.phases * (2 * shape.reach + 2) > mostTaps) return resampleFreely(samples, shape, output);
  const key = `${fromHz}:${toHz}`;
  let filter = filters.get(key);
  if (filter === undefined) {
    filter = makeFilter(shape);
    filters.set(key, filter);
  }
  const { inputs, phases, reach, taps } = filter;
  const width = 2 * reach + 2;
  for (let i = 0; i < output.length; i++) {
    const phase = i % phases;
    const start = Math.floor((i * inputs) / phases) - reach;
    const from = Math.max(0, -start);
    const to = Math.min(width, samples.length - start);
    const row = phase * width;
    let sum = 0;
    for (let k = from; k < to; k++) sum += (taps[row + k] as number) * (samples[start + k] as number);
    output[i] = sum;
  }
  return output;
}

interface Shape extends Omit<Filter, 'taps'> {
  /** Sinc lobes an input sample: the cut-off over the input's Nyquist frequency. */
  readonly scale: number;
}

function shapeOf(fromHz: number, toHz: number): Shape {
  const divisor = greatestCommonDivisor(fromHz, toHz);
  const inputs = fromHz / divisor;
  const phases = toHz / divisor;
  const scale = (Math.min(inputs, phases) / inputs) * rolloff;
  return { inputs, phases, scale, reach: Math.ceil(zeroCrossings / scale) };
}

/** The same filter without a table of taps of its own: each tap is read off the kernel, which is kept once. */
function resampleFreely(
  samples: Float32Array,
  { inputs, phases, scale, reach }: Shape,
  output: Float32Array,
): Float32Array {
  kernel ??= Float64Array.from({ length: zeroCrossings * kernelSteps + 2 }, (_, i) =>
    tapAt(Math.min(i / kernelSteps, zeroCrossings), 1),
  );
  for (let i = 0; i < output.length; i++) {
    const middle = (i * inputs) / phases;
    const start = Math.floor(middle) - reach;
    const to = Math.min(samples.length, start + 2 * reach + 2);
    let sum = 0;
    for (let k = Math.max(0, start); k < to; k++) {
      const place = Math.abs(k - middle) * scale * kernelSteps;
      const below = Math.floor(place);
      if (below >= zeroCrossings * kernelSteps) continue;
      const [a, b] = [kernel[below] as number, kernel[below + 1] as number];
      sum += (a + (place - below) * (b - a)) * (samples[k] as number);
    }
    output[i] = sum * scale;
  }
  return output;
}

/** Half of the windowed sinc, so finely that a straight line between two values is right to 24 bits. */
let kernel: Float64Array | undefined;
const kernelSteps = 4096;

/** The windowed sinc at a place in lobes from its middle, times `scale`. */
const tapAt = (time: number, scale: number): number =>
  Math.abs(time) < zeroCrossings ? scale * sinc(time) * kaiser(time / zeroCrossings) : 0;

function makeFilter({ inputs, phases, reach, scale }: Shape): Filter {
  const width = 2 * reach + 2;
  const taps = new Float64Array(phases * width);
  for (let phase = 0; phase < phases; phase++) {
    const fraction = ((phase * inputs) % phases) / phases;
    for (let k = 0; k < width; k++) {
      const time = (k - reach - fraction) * scale;
      taps[phase * width + k] = tapAt(time, scale);
    }
  }
  return { inputs, phases, reach, taps };
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

const besselAtBeta = besselI0(beta);

function kaiser(x: number): number {
  return besselI0(beta * Math.sqrt(1 - x * x)) / besselAtBeta;
}

/** Modified Bessel function of order zero, by its power series. */
function besselI0(x: number): number {
  const quarter = (x * x) / 4;
  let sum = 1;
  for (let k = 1, term = 1; term > 1e-17 * sum; k++) {
    term *= quarter / (k * k);
    sum += term;
  }
  return sum;
}

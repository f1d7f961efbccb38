/**
 * @file Change of the sample rate by a windowed-sinc filter, one set of taps for every phase (the algorithm of
 * torchaudio.functional.resample, with its `kaiser_best` settings, which are those of resampy).
 */

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
const filters = new Map<string, Filter>();

/**
 * The same sound at another rate.
 * @returns round(samples.length * toHz / fromHz) samples; beyond its ends the input counts as silence
 */
export function resample(samples: Float32Array, fromHz: number, toHz: number): Float32Array {
  if (fromHz === toHz) return samples;
  const key = `${fromHz}:${toHz}`;
  let filter = filters.get(key);
  if (filter === undefined) {
    filter = makeFilter(fromHz, toHz);
    filters.set(key, filter);
  }
  const { inputs, phases, reach, taps } = filter;
  const width = 2 * reach + 2;
  const output = new Float32Array(Math.round((samples.length * toHz) / fromHz));
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

function makeFilter(fromHz: number, toHz: number): Filter {
  const divisor = greatestCommonDivisor(fromHz, toHz);
  const inputs = fromHz / divisor;
  const phases = toHz / divisor;
  // Sinc lobes an input sample: the cut-off over the input's Nyquist frequency.
  const scale = (Math.min(inputs, phases) / inputs) * rolloff;
  const reach = Math.ceil(zeroCrossings / scale);
  const width = 2 * reach + 2;
  const taps = new Float64Array(phases * width);
  for (let phase = 0; phase < phases; phase++) {
    const fraction = ((phase * inputs) % phases) / phases;
    for (let k = 0; k < width; k++) {
      const time = (k - reach - fraction) * scale;
      const inside = Math.abs(time) < zeroCrossings;
      taps[phase * width + k] = inside ? scale * sinc(time) * kaiser(time / zeroCrossings) : 0;
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

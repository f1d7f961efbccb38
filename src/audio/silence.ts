/**
 * @file Pauses removed, as SoX's effect `silence 1 0.1 0.1% -1 0.1 0.1%` (src/silence.c), which s3prl's speaker
 * verification applies to all audio.
 */
import { sampleRateHz } from './read.js';

/** SoX computes on integers of 32 bits. */
const fullScale = 2 ** 31;
const windowSamples = sampleRateHz / 50;
const heldSamples = sampleRateHz / 10;
const threshold = 0.001 * (fullScale - 1);

/** The loudness of the last 20 ms, a sample after the other. */
interface Loudness {
  /** Takes a sample in and says whether the window is louder than 0.1 % of full scale. */
  takes(sample: number): boolean;
  clear(): void;
}

function loudness(): Loudness {
  const squares = new Float64Array(windowSamples);
  let at = 0;
  let sum = 0;
  return {
    takes(sample) {
      const scaled = Math.round(sample * fullScale);
      // The order of SoX's sums: they are rounded as its are.
      sum -= squares[at] as number;
      squares[at] = scaled * scaled;
      sum += squares[at] as number;
      at = (at + 1) % windowSamples;
      return Math.trunc(Math.sqrt(sum / windowSamples)) > threshold;
    },
    clear() {
      squares.fill(0);
      at = 0;
      sum = 0;
    },
  };
}

/**
 * Samples without their pauses of 0.1 s or more, and without what is shorter than 0.1 s between two of those.
 * @param samples at 16 kHz
 * @returns none where nothing is loud for 0.1 s
 */
export function withoutSilence(samples: Float32Array): Float32Array {
  const kept = new Float32Array(samples.length);
  const window = loudness();
  let length = 0;
  let copies = false;
  /** Samples right before this one that may be kept: loud ones while nothing is copied, silent ones while all is. */
  let held = 0;
  const keep = (first: number, end: number): void => {
    kept.set(samples.subarray(first, end), length);
    length += end - first;
  };
  for (let i = 0; i < samples.length; i++) {
    const isLoud = window.takes(samples[i] as number);
    if (!copies) {
      held = isLoud ? held + 1 : 0;
      if (held < heldSamples) continue;
      keep(i + 1 - held, i + 1);
      copies = true;
      held = 0;
    } else if (isLoud) {
      keep(i - held, i + 1);
      held = 0;
    } else if (++held >= heldSamples) {
      window.clear();
      copies = false;
      held = 0;
    }
  }
  if (copies) keep(samples.length - held, samples.length);
  return kept.slice(0, length);
}

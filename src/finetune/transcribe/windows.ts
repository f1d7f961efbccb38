/** @file Long recordings in windows that overlap: each frame is taken from the window in whose middle it lies. */
import { sampleRateHz } from '../../audio/index.js';
import { UserError } from '../../base/errors.js';
import type { OpenRecogniser } from './recogniser.js';

export interface Windows {
  readonly windowSeconds: number;
  /** What two windows share; half of it is taken from each. */
  readonly overlapSeconds: number;
  /** What is decoded at a time (default: ten minutes): MP3 and Ogg are decoded from their start for each. */
  readonly blockSeconds?: number;
}

/** Enough for what a window says of its own edges to be left out: frames that a convolution cannot fill, and their neighbours. */
const leastOverlapSeconds = 0.5;

const usualBlockSeconds = 600;

/**
 * @throws UserError for an overlap that is too short, or not less than half of the window
 */
export function checkWindows({ windowSeconds, overlapSeconds }: Windows): void {
  if (overlapSeconds >= leastOverlapSeconds && windowSeconds >= 2 * overlapSeconds) return;
  throw new UserError(`invalid windows: --window ${windowSeconds} --overlap ${overlapSeconds}`, {
    hint: `Expected an overlap of at least ${leastOverlapSeconds} s and at most half of a window: --window 20 --overlap 4`,
  });
}

/** Reads a part of a recording: 16 kHz samples from a second on, as many as there are but no more than so many seconds. */
export type ReadPart = (startSeconds: number, mostSeconds: number) => Promise<Float32Array>;

/** Frames in a row, and how much of the recording is done with them. */
export interface Part {
  /** Log-probabilities [frames, tokens], row-major. */
  readonly emissions: Float32Array;
  readonly seconds: number;
}

/**
 * The log-probabilities of a recording, in order. What is no longer than a window is one; of a longer one so much is held as
 * a window and a block of samples take. The frames on either side of a cut come from windows that see half an overlap beyond
 * it: they are those of the whole recording where the recogniser looks no further, and else close to them. A waveform that is
 * normalised is so window by window.
 */
export async function* emissionsOf(
  recogniser: OpenRecogniser,
  read: ReadPart,
  { windowSeconds, overlapSeconds, blockSeconds = usualBlockSeconds }: Windows,
): AsyncGenerator<Part> {
  const { hopSamples: hop, alphabet } = recogniser;
  const tokens = alphabet.tokens.length;
  // A window begins where a frame does; from one to the next are so many frames.
  const overlap = Math.round((overlapSeconds * sampleRateHz) / hop);
  const step = Math.round(((windowSeconds - overlapSeconds) * sampleRateHz) / hop);
  const half = Math.floor(overlap / 2);
  for await (const { samples, place, isLast } of windowsOf(read, step * hop, overlap * hop, blockSeconds)) {
    const emissions = await recogniser.emissions(samples);
    const frames = emissions.length / tokens;
    const [from, to] = [place === 0 ? 0 : half, isLast ? frames : step + half];
    if (to > frames) throw new Error(`a window has ${frames} frames, and ${to} of them are wanted`);
    const end = isLast ? place * step * hop + samples.length : (place * step + to) * hop;
    yield { emissions: emissions.subarray(from * tokens, to * tokens), seconds: end / sampleRateHz };
  }
}

interface Window {
  readonly samples: Float32Array;
  /** Counted from 0. */
  readonly place: number;
  readonly isLast: boolean;
}

/** Windows of `step + overlap` samples, the last one shorter, out of blocks of several. */
async function* windowsOf(
  read: ReadPart,
  step: number,
  overlap: number,
  blockSeconds: number,
): AsyncGenerator<Window> {
  const inBlock = Math.max(1, Math.floor((blockSeconds * sampleRateHz) / step));
  const wanted = inBlock * step + overlap;
  for (let first = 0; ; first += inBlock) {
    const block = await read((first * step) / sampleRateHz, wanted / sampleRateHz);
    for (let i = 0; i < inBlock; i++) {
      const samples = block.subarray(i * step, (i + 1) * step + overlap);
      const isLast = block.length < wanted && (i + 1) * step + overlap >= block.length;
      yield { samples, place: first + i, isLast };
      if (isLast) return;
    }
  }
}

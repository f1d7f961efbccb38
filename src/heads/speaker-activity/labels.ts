/** @file Turns as labels of frames, and frames as turns. */
import { sampleRateHz } from '../../audio/index.js';
import type { Turn } from '../../metrics/index.js';

/** Some frames of a recording. */
export interface Piece {
  readonly first: number;
  readonly frames: number;
}

/** A recording's frames in pieces, the last one shorter. */
export function piecesOf(frames: number, pieceFrames: number): Piece[] {
  return Array.from({ length: Math.ceil(frames / pieceFrames) }, (_, i) => ({
    first: i * pieceFrames,
    frames: Math.min(pieceFrames, frames - i * pieceFrames),
  }));
}

/**
 * 1 where a speaker speaks: [frames, speakers], speakers by name.
 * @param losesLongTurns a turn that begins before the piece and ends behind it has no label (s3prl's dataset.py)
 */
export function frameLabels(
  turns: readonly Turn[],
  { first, frames }: Piece,
  speakers: number,
  hopSamples: number,
  losesLongTurns: boolean,
): Float32Array {
  const names = [...new Set(turns.map(({ speaker }) => speaker))].sort();
  const labels = new Float32Array(frames * speakers);
  const frameOf = (seconds: number): number => roundHalfToEven((seconds * sampleRateHz) / hopSamples) - first;
  for (const { speaker, start, end } of turns) {
    const [from, to] = [frameOf(start), frameOf(end)];
    if (losesLongTurns && from < 0 && to > frames) continue;
    const column = names.indexOf(speaker);
    for (let frame = Math.max(0, from); frame < Math.min(frames, to); frame++)
      labels[frame * speakers + column] = 1;
  }
  return labels;
}

/** As Python and NumPy round. */
function roundHalfToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest < 0.5 || (rest === 0.5 && floor % 2 === 0) ? floor : floor + 1;
}

/** How frames become turns. */
export interface Decision {
  /** Of the probability, above which a speaker speaks. */
  readonly threshold: number;
  /** Frames of the median filter afterwards, an odd number; 1 filters nothing. */
  readonly medianFrames: number;
}

/**
 * The turns that logits [frames, speakers] say; speakers are called by their numbers from 1. Times are rounded to 0.01 s, as
 * RTTM is written.
 */
export function turnsOfLogits(
  logits: Float32Array,
  speakers: number,
  hopSamples: number,
  { threshold, medianFrames }: Decision,
): Turn[] {
  const frames = logits.length / speakers;
  const cut = Math.log(threshold / (1 - threshold));
  const seconds = (count: number): number => Math.round((count * hopSamples * 100) / sampleRateHz) / 100;
  const turns: Turn[] = [];
  for (let speaker = 0; speaker < speakers; speaker++) {
    const speaks = Uint8Array.from({ length: frames }, (_, frame) =>
      (logits[frame * speakers + speaker] as number) > cut ? 1 : 0,
    );
    const smooth = medianOf(speaks, medianFrames);
    for (let frame = 0; frame < frames; frame++) {
      if (smooth[frame] !== 1 || smooth[frame - 1] === 1) continue;
      let end = frame;
      while (smooth[end] === 1) end++;
      const start = seconds(frame);
      const length = seconds(end - frame);
      if (length > 0)
        turns.push({ speaker: String(speaker + 1), start, end: Number((start + length).toFixed(2)) });
    }
  }
  return turns;
}

/** scipy.signal.medfilt of zeros and ones: zeros stand beyond the ends. */
function medianOf(values: Uint8Array, width: number): Uint8Array {
  if (width === 1) return values;
  const half = (width - 1) / 2;
  let ones = 0;
  for (let i = 0; i < Math.min(half, values.length); i++) ones += values[i] as number;
  return Uint8Array.from(values, (_, i) => {
    ones += (values[i + half] ?? 0) - (values[i - half - 1] ?? 0);
    return ones > half ? 1 : 0;
  });
}

/** @file Spans of utterances' frames as one padded batch. */
import { float32, type HostTensor, int32 } from '../base/host-tensor.js';
import { bucketLength } from '../data/batches.js';
import type { Features } from '../features/reader.js';

/** Some frames of an utterance, by its place among the features. */
export interface FrameSpan {
  readonly place: number;
  readonly first: number;
  readonly frames: number;
}

/** Batches are padded to multiples of this many frames: few shapes, so few programs. */
const bucketFrames = 50;

/**
 * Reads spans into one batch, zeros behind the end of each.
 * @returns `states` [layers, spans, frames, dim], and `lengths` [spans] int32
 */
export async function frameSpans(
  { layers, dim, rows, load }: Pick<Features, 'layers' | 'dim' | 'rows' | 'load'>,
  spans: readonly FrameSpan[],
): Promise<{ readonly states: HostTensor; readonly lengths: HostTensor }> {
  const longest = spans.reduce((most, { frames }) => Math.max(most, frames), 1);
  const padded = bucketLength(longest, bucketFrames);
  const states = new Float32Array(layers * spans.length * padded * dim);
  for (const [row, { place, first, frames }] of spans.entries()) {
    const values = await load(place);
    const all = rows[place] as number;
    for (let layer = 0; layer < layers; layer++) {
      const start = (layer * all + first) * dim;
      states.set(values.subarray(start, start + frames * dim), (layer * spans.length + row) * padded * dim);
    }
  }
  return {
    states: float32([layers, spans.length, padded, dim], states),
    lengths: int32(
      [spans.length],
      spans.map(({ frames }) => frames),
    ),
  };
}

/** @file Frames of several utterances as one batch. */
import { float32, type HostTensor } from '../base/host-tensor.js';
import type { Features } from './reader.js';

/**
 * Reads utterances' frames into one batch, with zeros behind the end of each.
 * @param places where the utterances stand in the features
 * @param frames that every row is padded to (default: those of the longest of them)
 * @returns [layers, places, frames, dim]
 */
export async function paddedFrames(
  features: Pick<Features, 'layers' | 'dim' | 'rows' | 'load'>,
  places: readonly number[],
  frames = Math.max(0, ...places.map((place) => features.rows[place] as number)),
): Promise<HostTensor> {
  const { layers, dim } = features;
  const states = new Float32Array(layers * places.length * frames * dim);
  for (const [row, place] of places.entries()) {
    const values = await features.load(place);
    const size = (features.rows[place] as number) * dim;
    for (let layer = 0; layer < layers; layer++)
      states.set(
        values.subarray(layer * size, (layer + 1) * size),
        (layer * places.length + row) * frames * dim,
      );
  }
  return float32([layers, places.length, frames, dim], states);
}

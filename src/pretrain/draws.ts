/** @file The random choices of a training step: each depends on the seed and the step alone. */

import { float32, floatsOf, type HostTensor, int32 } from '../base/host-tensor.js';
import { hashKey, normalNumbers, randomStream } from '../base/random.js';
import type { PretrainConfig } from './config.js';
import { choosing, type MaskRequest, maskings } from './masking/index.js';

/** What masks are chosen by, an entry a row of the batch. */
export type MaskGrounds = Pick<MaskRequest, 'predictedLoss' | 'actualLoss' | 'energy'>;

/** The strategy's masks, an entry a row of the batch. */
export function chooseMasks(
  config: PretrainConfig,
  step: number,
  grounds: MaskGrounds,
): readonly Uint8Array[] {
  return choosing(maskings.find(config.masking.strategy), {
    ...grounds,
    lengths: grounds.predictedLoss.map(({ length }) => length),
    progress: step / config.optimizer.steps,
    settings: config.masking,
    random: randomStream(config.seed, 'mask', step),
  });
}

/** [batch, frames] as an entry a row. */
export function rowsOf(tensor: HostTensor): Float32Array[] {
  const [rows, frames] = tensor.shape as [number, number];
  const values = floatsOf(tensor);
  return Array.from({ length: rows }, (_, row) => values.subarray(row * frames, (row + 1) * frames));
}

/** Normal numbers of a step's masked frames, one behind the other: those from `first` on, an even place. */
export const noiseNumbers = (
  { masking, seed }: PretrainConfig,
  step: number,
  first: number,
  count: number,
): Float32Array => normalNumbers([seed, 'mask noise', step], first, count, masking.noise);

/**
 * Noise in the masked frames, zeros elsewhere: a tensor [size, frames, width] for each `size` rows of the masks.
 * @param numbers of all masked frames
 */
export function* maskNoise(
  { encoder: { width } }: PretrainConfig,
  masks: readonly Uint8Array[],
  size: number,
  numbers: Float32Array,
): Generator<HostTensor, undefined> {
  const frames = masks[0]?.length ?? 0;
  let used = 0;
  for (let first = 0; first < masks.length; first += size) {
    const noise = float32([Math.min(size, masks.length - first), frames, width]);
    for (const [row, mask] of masks.slice(first, first + size).entries()) {
      for (const [frame, bit] of mask.entries()) {
        if (bit === 0) continue;
        noise.data.set(numbers.subarray(used, used + width), (row * frames + frame) * width);
        used += width;
      }
    }
    yield noise;
  }
}

/**
 * What the step leaves out: the key of its dropout masks, and a 1 for every block that runs.
 * @param first of a part of a batch: the rows before it (default: the batch is whole)
 */
export function dropping(
  { encoder, seed }: PretrainConfig,
  step: number,
  first?: number,
): { dropoutKey?: HostTensor; keptBlocks?: HostTensor } {
  const { layer, ...elementwise } = encoder.dropout;
  const random = randomStream(seed, 'layerdrop', step);
  const key = hashKey([seed, 'dropout', step]);
  const blocks = encoder.prenetBlocks + encoder.blocks;
  const kept = Array.from({ length: blocks }, () => (random.uniform() < layer ? 0 : 1));
  return {
    ...(Object.values(elementwise).some((rate) => rate > 0)
      ? { dropoutKey: first === undefined ? int32([], [key]) : int32([2], [key, first]) }
      : {}),
    ...(layer > 0 ? { keptBlocks: float32([blocks], kept) } : {}),
  };
}

/** @file The random choices of a training step: each depends on the seed and the step alone. */

import { float32, floatsOf, type HostTensor, int32 } from '../base/host-tensor.js';
import { hashKey, randomStream } from '../base/random.js';
import type { PretrainConfig } from './config.js';
import { type HostMaskTensors, maskTensors } from './mask-tensors.js';
import { choosing, maskings } from './masking/index.js';

/** The strategy's masks for the teacher's predicted loss [batch, frames]. */
export function chooseMasks(
  config: PretrainConfig,
  step: number,
  predictedLoss: HostTensor,
): HostMaskTensors {
  const [rows, frames] = predictedLoss.shape as [number, number];
  const values = floatsOf(predictedLoss);
  const masks = choosing(maskings.find(config.masking.strategy), {
    predictedLoss: Array.from({ length: rows }, (_, b) => values.subarray(b * frames, (b + 1) * frames)),
    lengths: Array.from({ length: rows }, () => frames),
    progress: step / config.optimizer.steps,
    settings: config.masking,
    random: randomStream(config.seed, 'mask', step),
  });
  return maskTensors(masks);
}

/** Normal noise in the masked frames, zeros elsewhere: [batch, frames, width]. */
export function maskNoise(
  { encoder, masking, seed }: PretrainConfig,
  step: number,
  mask: HostTensor,
): HostTensor {
  const { width } = encoder;
  const noise = new Float32Array(mask.data.length * width);
  const random = randomStream(seed, 'mask noise', step);
  for (const [row, bit] of mask.data.entries()) {
    if (bit === 0 || masking.noise === 0) continue;
    for (let i = row * width; i < (row + 1) * width; i++) noise[i] = random.normal() * masking.noise;
  }
  return float32([...mask.shape, width], noise);
}

/** What the step leaves out: the key of its dropout masks, and a 1 for every block that runs. */
export function dropping(
  { encoder, seed }: PretrainConfig,
  step: number,
): { dropoutKey?: HostTensor; keptBlocks?: HostTensor } {
  const { layer, ...elementwise } = encoder.dropout;
  const random = randomStream(seed, 'layerdrop', step);
  const blocks = encoder.prenetBlocks + encoder.blocks;
  const kept = Array.from({ length: blocks }, () => (random.uniform() < layer ? 0 : 1));
  return {
    ...(Object.values(elementwise).some((rate) => rate > 0)
      ? { dropoutKey: int32([], [hashKey([seed, 'dropout', step])]) }
      : {}),
    ...(layer > 0 ? { keptBlocks: float32([blocks], kept) } : {}),
  };
}

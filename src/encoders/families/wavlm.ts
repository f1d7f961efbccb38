/** @file WavLM (Chen et al., 2022), as WavLMModel of transformers: a relative position bias, gated by what is attended. */

import { z } from 'zod';
import * as tf from '../../engine/ops.js';
import type { Parameters } from '../../engine/tree.js';
import { framePositions } from '../../nn/attention.js';
import { linear, parameter } from '../../nn/linear.js';
import { fewestSamples, hopOf, type SpeechConfig, speechSchema } from '../huggingface/config.js';
import { convFeatures, frontendSpecs, projectFrames } from '../huggingface/frontend.js';
import { type HubFamily, sharedSettings, speechFamily } from '../huggingface/hub.js';
import { convPosition, positionSpecs } from '../huggingface/position.js';
import { blockName, splitHeads, transformerSpecs, transformerStates } from '../huggingface/transformer.js';
import { linearSpecs, ones, type Specs } from '../parameter-specs.js';

interface WavlmConfig extends SpeechConfig {
  readonly family: 'wavlm';
  /** Distances share so many biases: half of them behind, half ahead; those from `maximumDistance` on share one. */
  readonly buckets: number;
  readonly maximumDistance: number;
}

/** The gate's projection has so many values, summed in two groups. */
const gateWidth = 8;

const embedding = `${blockName(0)}.attention.rel_attn_embed.weight`;
const gate = (i: number): string => `${blockName(i)}.attention.gru_rel_pos_linear`;
const gateFactor = (i: number): string => `${blockName(i)}.attention.gru_rel_pos_const`;

/** Sizes of tables that are made from settings alone. */
const largestTable = 65_536;
const tableSize = z.int().min(4).max(largestTable);

const own = { family: z.literal('wavlm'), buckets: tableSize, maximumDistance: tableSize };

/**
 * The bucket of a distance (T5's, as WavLMAttention._relative_positions_bucket): exact to a quarter of the buckets,
 * logarithmic up to the largest distance. In float32 where torch computes in float32.
 * @param distance key's index less query's
 */
export function distanceBucket(distance: number, buckets: number, maximumDistance: number): number {
  const half = Math.floor(buckets / 2);
  const exact = Math.floor(half / 2);
  const side = distance > 0 ? half : 0;
  const steps = Math.abs(distance);
  if (steps < exact) return side + steps;
  const f = Math.fround;
  const share = f(f(Math.log(f(steps / exact))) / f(Math.log(maximumDistance / exact)));
  return side + Math.min(half - 1, Math.trunc(f(exact + f(share * (half - exact)))));
}

/**
 * The bias of every pair of frames, by the distance between them.
 * @param x [1, frames, width]
 * @returns [1, heads, frames, frames]
 */
function distanceBias(
  { buckets, maximumDistance }: WavlmConfig,
  parameters: Parameters,
  x: tf.Tensor,
): tf.Tensor {
  const reach = Math.max(maximumDistance, buckets); // further apart is as far as this
  const table = Int32Array.from({ length: 2 * reach + 1 }, (_, i) =>
    distanceBucket(i - reach, buckets, maximumDistance),
  );
  const byDistance = tf.gather(parameter(parameters, embedding), tf.tensor1d(table, 'int32')).transpose(); // (heads, 2 reach + 1)
  const positions = framePositions(x); // (1, frames)
  const distances = positions.sub(positions.reshape([-1, 1])); // (query, key)
  const places = tf.clipByValue(distances, -reach, reach).add(reach).toInt();
  return tf.gather(byDistance, places as tf.Tensor2D, 1).expandDims(0);
}

/**
 * How much of the bias a block's heads take: [1, heads, frames, 1].
 * @param x the attention's input, [1, frames, width]
 */
function biasGate(heads: number, parameters: Parameters, i: number, x: tf.Tensor): tf.Tensor {
  const values = linear(parameters, gate(i), splitHeads(x, heads)); // (1, heads, frames, 8)
  const [, , frames] = values.shape as [number, number, number, number];
  const pair = tf.sigmoid(values.reshape([1, heads, frames, 2, gateWidth / 2]).sum(-1)); // (1, heads, frames, 2)
  const [a, b] = tf.split(pair, 2, -1) as [tf.Tensor, tf.Tensor];
  return a.mul(b.mul(parameter(parameters, gateFactor(i))).sub(1)).add(2);
}

function biasSpecs({ blocks, heads, width, buckets }: WavlmConfig): Specs {
  const specs: Record<string, Specs[string]> = {
    [embedding]: { shape: [buckets, heads], start: { deviation: 0.02 } },
  };
  for (let i = 0; i < blocks; i++) {
    specs[gateFactor(i)] = { shape: [1, heads, 1, 1], start: ones };
    Object.assign(specs, linearSpecs(gate(i), gateWidth, width / heads));
  }
  return specs;
}

export const wavlmFamily: HubFamily<WavlmConfig> = {
  ...speechFamily,
  name: 'wavlm',
  prefix: 'wavlm.',
  schema: speechSchema<WavlmConfig>(own),
  fromHub: (hub, normalizeWaveform) => ({
    family: 'wavlm',
    ...sharedSettings(hub, normalizeWaveform),
    buckets: hub.num_buckets,
    maximumDistance: hub.max_bucket_distance,
  }),
  parameters: (config) => ({
    ...frontendSpecs(config),
    ...positionSpecs(config),
    ...biasSpecs(config),
    ...transformerSpecs(config),
  }),
  forward: (config, parameters, waveform) => {
    const x = projectFrames(config, parameters, convFeatures(config, parameters, waveform));
    const bias = distanceBias(config, parameters, x);
    return transformerStates(config, parameters, x.add(convPosition(config, parameters, x)), (i, attended) =>
      bias.mul(biasGate(config.heads, parameters, i, attended)),
    );
  },
  minimumSamples: fewestSamples,
  hopSamples: hopOf,
};

/** @file WavLM (Chen et al., 2022), as WavLMModel of transformers: a relative position bias, gated by what is attended. */

import { z } from 'zod';
import type { EncoderFamily, HubSource } from '../../api/encoder-family.js';
import * as tf from '../../engine/ops.js';
import type { Parameters } from '../../engine/tree.js';
import { framePositions } from '../../nn/attention.js';
import { withGradient } from '../../nn/custom.js';
import { linear, parameter } from '../../nn/linear.js';
import { fewestSamples, hopOf, type SpeechConfig, speechSchema } from '../huggingface/config.js';
import { speechStates } from '../huggingface/forward.js';
import { frontendSpecs } from '../huggingface/frontend.js';
import { hubSettings, hubSize, sharedSettings, speechFamily } from '../huggingface/hub.js';
import { convPosition, positionSpecs } from '../huggingface/position.js';
import { blockName, splitHeads, transformerSpecs } from '../huggingface/transformer.js';
import { writtenSettings } from '../huggingface/written-settings.js';
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
 * @param x [batch, frames, width]
 * @returns [1, heads, frames, frames]
 */
function distanceBias(
  { buckets, maximumDistance }: WavlmConfig,
  parameters: Parameters,
  x: tf.Tensor,
): tf.Tensor {
  const reach = Math.max(maximumDistance, buckets); // further apart is as far as this
  const bucketOf = (distance: number): number =>
    distanceBucket(Math.max(-reach, Math.min(reach, distance)), buckets, maximumDistance);
  const values = parameter(parameters, embedding); // (buckets, heads)
  return withGradient(
    [values],
    () => {
      const table = Int32Array.from({ length: 2 * reach + 1 }, (_, i) => bucketOf(i - reach));
      const byDistance = tf.gather(values, tf.tensor1d(table, 'int32')).transpose(); // (heads, 2 reach + 1)
      const positions = framePositions(x); // (1, frames)
      const distances = positions.sub(positions.reshape([-1, 1])); // (query, key)
      const places = tf.clipByValue(distances, -reach, reach).add(reach).toInt();
      return { value: tf.gather(byDistance, places as tf.Tensor2D, 1).expandDims(0), saved: [] };
    },
    (dy) => [bucketSums(dy, buckets, bucketOf)],
  );
}

/**
 * The gradient of the table of biases: what the pairs of frames whose distance is in a bucket add up to.
 * @param dy [1, heads, frames, frames]
 * @returns [buckets, heads]
 */
function bucketSums(dy: tf.Tensor, buckets: number, bucketOf: (distance: number) => number): tf.Tensor {
  const [, heads, frames] = dy.shape as [number, number, number, number];
  // Rows of `frames` pairs laid out in rows of 2 frames + 1: each begins a column further left, so that a column holds
  // the pairs of one distance: 0 to frames - 1, two that hold nothing, then 1 - frames to -1.
  const wide = tf.concat([dy, tf.zerosLike(dy)], 3).reshape([heads, 2 * frames * frames]);
  const columns = 2 * frames + 1;
  const moved = tf.concat([wide, tf.zeros([heads, frames])], 1).reshape([heads, frames, columns]);
  const distances = Array.from({ length: columns }, (_, c) => (c <= frames ? c : c - columns));
  const inBucket = tf.oneHot(tf.tensor1d(distances.map(bucketOf), 'int32'), buckets).toFloat(); // (columns, buckets)
  return tf.matMul(inBucket, moved.sum(1), true, true);
}

/**
 * How much of the bias a block's heads take: [batch, heads, frames, 1].
 * @param x the attention's input, [batch, frames, width]
 */
function biasGate(heads: number, parameters: Parameters, i: number, x: tf.Tensor): tf.Tensor {
  const values = linear(parameters, gate(i), splitHeads(x, heads)); // (batch, heads, frames, 8)
  const [batch, , frames] = values.shape as [number, number, number, number];
  const pair = tf.sigmoid(values.reshape([batch, heads, frames, 2, gateWidth / 2]).sum(-1)); // (batch, heads, frames, 2)
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

const settings = z.object({
  ...hubSettings,
  num_buckets: hubSize.default(320),
  max_bucket_distance: hubSize.default(800),
});

const hub: HubSource<z.infer<typeof settings>, unknown, WavlmConfig> = {
  prefix: 'wavlm.',
  settings,
  configuration: (found, normalizeWaveform) => ({
    family: 'wavlm',
    ...sharedSettings(found, normalizeWaveform),
    buckets: found.num_buckets,
    maximumDistance: found.max_bucket_distance,
  }),
  recogniser: 'WavLMForCTC',
  written: {
    model: 'WavLMModel',
    settings: (config) => ({
      ...writtenSettings(config),
      num_buckets: config.buckets,
      max_bucket_distance: config.maximumDistance,
    }),
  },
};

export const wavlmFamily: EncoderFamily<WavlmConfig> = {
  ...speechFamily,
  name: 'wavlm',
  hub,
  schema: speechSchema<WavlmConfig>(own),
  parameters: (config) => ({
    ...frontendSpecs(config),
    ...positionSpecs(config),
    ...biasSpecs(config),
    ...transformerSpecs(config),
  }),
  forward: (config, parameters, input) =>
    speechStates(config, parameters, input, {
      position: (x, ownFrames) => convPosition(config, parameters, x, ownFrames),
      bias: (x) => {
        const byDistance = distanceBias(config, parameters, x);
        return (i, attended) => byDistance.mul(biasGate(config.heads, parameters, i, attended));
      },
      // As WavLMEncoder: the block that holds the biases of all is never dropped.
      keepsFirstBlock: true,
    }),
  minimumSamples: fewestSamples,
  hopSamples: hopOf,
};

/** @file SUPERB's recognition head: layer sum, projection, BLSTM layers (or none), a Linear over tokens, CTC. */
import { z } from 'zod';
import { float32, type HostParameters } from '../../base/host-tensor.js';
import * as tf from '../../engine/ops.js';
import type { Parameters } from '../../engine/tree.js';
import { conv1d } from '../../nn/conv1d.js';
import { type DropoutKey, dropout } from '../../nn/dropout.js';
import { layerSum } from '../../nn/layer-sum.js';
import { linear, parameter } from '../../nn/linear.js';
import { bidirectionalLstm } from '../../nn/lstm.js';
import { linearStart, lstmStart } from '../../training/start.js';
import { frameMask } from '../frame-mask.js';
import { standardized } from '../standard.js';

/** What the forward pass needs beside the parameters. */
export const ctcStoredSchema = z.object({
  column: z.string(),
  tokens: z.array(z.string()),
  blank: z.int().nonnegative(),
  /** Frames that are joined into one step. */
  join: z.int().positive(),
  lstmLayers: z.int().nonnegative(),
});

export type CtcStored = z.infer<typeof ctcStoredSchema>;

/** What of it decides the numbers. */
export type CtcForm = Pick<CtcStored, 'blank' | 'join' | 'lstmLayers'>;

/** The sizes of a head's parameters. */
export interface CtcSizes {
  readonly layers: number;
  readonly dim: number;
  readonly tokens: number;
  /** Frames that are joined into one step. */
  readonly join: number;
  readonly projectionSize: number;
  readonly lstmLayers: number;
  readonly lstmSize: number;
}

/** Layer weights at zero, Linear and LSTM as torch starts them. */
export function ctcStart(seed: number, sizes: CtcSizes): HostParameters {
  const { projectionSize, lstmLayers, lstmSize } = sizes;
  const lstm = Array.from({ length: lstmLayers }, (_, layer) =>
    ['', '_reverse'].map((direction) => {
      const width = layer === 0 ? projectionSize : 2 * lstmSize;
      return lstmStart(seed, 'lstm', `_l${layer}${direction}`, width, lstmSize);
    }),
  );
  return {
    layerWeights: float32([sizes.layers]),
    ...linearStart(seed, 'projector', sizes.join * sizes.dim, projectionSize),
    ...Object.assign({}, ...lstm.flat()),
    ...linearStart(seed, 'output', lstmLayers === 0 ? projectionSize : 2 * lstmSize, sizes.tokens),
  };
}

/** A batch of frames, padded; T is a multiple of the frames joined. A type, so that it is a tree. */
export type CtcBatch = {
  /** [layers, batch, T, dim] */
  readonly states: tf.Tensor;
  /** [batch] int32: steps of each utterance, its frames over the frames joined, rounded up. */
  readonly steps: tf.Tensor;
};

/** What moves and hides parts of the layer sum: 1 keeps, 0 hides. A type, so that it is a tree. */
export type AugmentMasks = {
  /** [batch, T, 1] */
  readonly time: tf.Tensor;
  /** [batch, 1, dim] */
  readonly features: tf.Tensor;
  /** [batch, T, T]: moves frames before anything is hidden. */
  readonly warp?: tf.Tensor;
};

/** What training does to the pass. */
export interface Disturbance {
  readonly dropout: number;
  readonly key: DropoutKey;
  readonly masks?: AugmentMasks | undefined;
}

/**
 * Logits of every step: the one forward pass.
 * @param parameters `ctcStart`'s, and those of the standard if hidden states are to be shifted and scaled
 * @param states [layers, batch, T, dim]
 * @param steps [batch] int32, T being a multiple of the frames joined; without it every utterance has T frames, of any
 *   number, and those that the last step lacks are zeros
 * @param disturbance of training
 * @returns [batch, T / join (rounded up), tokens]
 */
export function ctcLogits(
  parameters: Parameters,
  { join, lstmLayers }: CtcForm,
  states: tf.Tensor,
  steps?: tf.Tensor,
  disturbance?: Disturbance,
): tf.Tensor3D {
  const whole = steps === undefined && join > 1 ? padded(states, join - 1) : states;
  const summed = layerSum(parameter(parameters, 'layerWeights'), standardized(parameters, whole)); // [batch, T, dim]
  const seen = disturbance?.masks === undefined ? summed : augmented(summed, disturbance.masks);
  let hidden = steps === undefined ? joinedAnyLength(parameters, seen, join) : joined(parameters, seen, join);
  if (lstmLayers === 0) return linear(parameters, 'output', hidden) as tf.Tensor3D;
  const lengths = steps ?? allSteps(hidden);
  for (let layer = 0; layer < lstmLayers; layer++) {
    const outputs = bidirectionalLstm(
      parameters,
      'lstm',
      hidden as tf.Tensor3D,
      lengths as tf.Tensor1D,
      layer,
    );
    hidden = disturbance ? dropout(outputs, disturbance.dropout, disturbance.key, `lstm ${layer}`) : outputs;
  }
  return linear(parameters, 'output', hidden) as tf.Tensor3D;
}

function augmented(summed: tf.Tensor, { warp, time, features }: AugmentMasks): tf.Tensor {
  const warped = warp === undefined ? summed : tf.matMul(warp, summed);
  return tf.mul(tf.mul(warped, time), features);
}

/** The projection of so many frames at once: [batch, T, dim] to [batch, T / join, projection]. */
function joined(parameters: Parameters, x: tf.Tensor, join: number): tf.Tensor {
  const [batch, frames, dim] = x.shape as [number, number, number];
  return linear(parameters, 'projector', tf.reshape(x, [batch, frames / join, join * dim]));
}

/** The same of any number of frames, the last ones left out where they make no step: a strided convolution. */
function joinedAnyLength(parameters: Parameters, x: tf.Tensor, join: number): tf.Tensor {
  if (join === 1) return linear(parameters, 'projector', x);
  const weight = parameter(parameters, 'projector.weight');
  const [out, width] = weight.shape as [number, number];
  const taps = weight.reshape([out, join, width / join]).transpose([0, 2, 1]); // [out, dim, join]
  const named = { 'projector.weight': taps, 'projector.bias': parameter(parameters, 'projector.bias') };
  return conv1d(named, 'projector', x.transpose([0, 2, 1]), { stride: join }).transpose([0, 2, 1]);
}

/** So many frames of zeros behind. */
function padded(states: tf.Tensor, frames: number): tf.Tensor {
  return states.pad([
    [0, 0],
    [0, 0],
    [0, frames],
    [0, 0],
  ]);
}

/** [batch] int32: all the steps of [batch, steps, projection], however many. */
function allSteps(hidden: tf.Tensor): tf.Tensor {
  return tf
    .onesLike(hidden.slice([0, 0, 0], [-1, -1, 1]))
    .sum([1, 2])
    .toInt();
}

/**
 * Logits of one head from hidden states.
 * @param states [layers, batch, frames, dim]
 * @param lengths [batch] int32: frames of each utterance (default: all)
 * @returns `logits` [batch, steps, tokens]
 */
export function ctcForward(
  stored: CtcStored,
  parameters: Parameters,
  states: tf.Tensor,
  lengths?: tf.Tensor,
): { readonly logits: tf.Tensor } {
  if (lengths === undefined) return { logits: ctcLogits(parameters, stored, states) };
  const { join } = stored;
  const frames = states.shape[2] as number;
  const own = join === 1 ? states : tf.mul(states, frameMask(lengths, frames));
  const missing = (join - (frames % join)) % join;
  const whole = missing === 0 ? own : padded(own, missing);
  const steps = tf.cast(tf.floor(tf.div(tf.add(tf.cast(lengths, 'float32'), join - 1), join)), 'int32');
  return { logits: ctcLogits(parameters, stored, whole, steps) };
}

/** @file SUPERB's recognition head: layer sum, projection, BLSTM layers, a Linear over tokens, CTC. */

import { float32, type HostParameters } from '../../base/host-tensor.js';
import { tensorOf } from '../../engine/constants.js';
import * as tf from '../../engine/ops.js';
import type { Parameters } from '../../engine/tree.js';
import { type AdamState, adamStep, clipScale } from '../../nn/adam.js';
import { ctcLoss } from '../../nn/ctc.js';
import { type DropoutKey, dropout } from '../../nn/dropout.js';
import { lossAndGradients } from '../../nn/gradients.js';
import { layerSum } from '../../nn/layer-sum.js';
import { linear, parameter } from '../../nn/linear.js';
import { bidirectionalLstm } from '../../nn/lstm.js';
import { linearStart, uniformTensor } from '../head.js';
import type { CtcSettings } from '../settings.js';
import type { FeatureStandard } from '../standard.js';

/** The sizes that decide the head's parameters and its forward pass. */
export interface CtcModel {
  readonly layers: number;
  readonly dim: number;
  readonly tokens: number;
  readonly blank: number;
  /** Frames that are joined into one step. */
  readonly join: number;
  /** If set, hidden states are shifted and scaled by it. */
  readonly standard?: FeatureStandard | undefined;
  readonly settings: CtcSettings;
}

/** Layer weights at zero, Linear and LSTM as torch starts them. */
export function ctcStart(seed: number, model: CtcModel): HostParameters {
  const { projectionSize, lstmLayers, lstmSize } = model.settings;
  const bound = 1 / Math.sqrt(lstmSize);
  const lstm = Array.from({ length: lstmLayers }, (_, layer) =>
    ['', '_reverse'].map((direction) => {
      const shapes = {
        weight_ih: [4 * lstmSize, layer === 0 ? projectionSize : 2 * lstmSize],
        weight_hh: [4 * lstmSize, lstmSize],
        bias_ih: [4 * lstmSize],
        bias_hh: [4 * lstmSize],
      };
      return Object.fromEntries(
        Object.entries(shapes).map(([kind, shape]) => {
          const name = `lstm.${kind}_l${layer}${direction}`;
          return [name, uniformTensor(seed, name, shape, bound)];
        }),
      );
    }),
  );
  return {
    layerWeights: float32([model.layers]),
    ...linearStart(seed, 'projector', model.join * model.dim, projectionSize),
    ...Object.assign({}, ...lstm.flat()),
    ...linearStart(seed, 'output', 2 * lstmSize, model.tokens),
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

/**
 * Logits of every step.
 * @param key undefined when not training: no dropout
 * @returns [batch, T / join, tokens]
 */
export function ctcLogits(
  parameters: Parameters,
  model: CtcModel,
  { states, steps }: CtcBatch,
  key?: DropoutKey,
  masks?: AugmentMasks,
): tf.Tensor3D {
  const { lstmLayers, dropout: rate } = model.settings;
  const summed = layerSum(parameter(parameters, 'layerWeights'), standardized(states, model.standard)); // [batch, T, dim]
  const warped = masks?.warp === undefined ? summed : tf.matMul(masks.warp, summed);
  const seen = masks === undefined ? summed : tf.mul(tf.mul(warped, masks.time), masks.features);
  const [batch, frames, dim] = summed.shape as [number, number, number];
  const joined = tf.reshape(seen, [batch, frames / model.join, model.join * dim]);
  let hidden = linear(parameters, 'projector', joined); // [batch, steps, projection]
  for (let layer = 0; layer < lstmLayers; layer++) {
    const outputs = bidirectionalLstm(parameters, 'lstm', hidden as tf.Tensor3D, steps as tf.Tensor1D, layer);
    hidden = dropout(outputs, rate, key, `lstm ${layer}`);
  }
  return linear(parameters, 'output', hidden) as tf.Tensor3D;
}

/** Hidden states [layers, batch, T, dim] shifted and scaled, where that is asked for. */
export function standardized(states: tf.Tensor, standard: FeatureStandard | undefined): tf.Tensor {
  if (standard === undefined) return states;
  const [layers, , , dim] = states.shape as [number, number, number, number];
  const [mean, scale] = [standard.mean, standard.scale].map((values) =>
    tensorOf(float32([layers, 1, 1, dim], values)),
  );
  return tf.mul(tf.sub(states, mean as tf.Tensor), scale as tf.Tensor);
}

/** Inputs of one update. Types, so that they are trees. */
export type CtcUpdate = {
  readonly parameters: Parameters;
  readonly moments: AdamState<Parameters>;
  /** Updates done before, a scalar. */
  readonly step: tf.Tensor;
  readonly learningRate: tf.Tensor;
  readonly batch: CtcBatch;
  /** [batch, L] int32 */
  readonly targets: tf.Tensor;
  readonly targetLengths: tf.Tensor;
  /** [batch]: what each utterance's loss counts; 0 for rows that only fill the batch. */
  readonly weights: tf.Tensor;
  /** int32 scalar that decides the dropout masks. */
  readonly key: tf.Tensor;
  readonly masks?: AugmentMasks;
};

export type CtcUpdated = {
  readonly parameters: Parameters;
  readonly moments: AdamState<Parameters>;
  readonly loss: tf.Tensor;
};

/** One update: weighted CTC losses, clipped gradients, Adam. */
export function ctcUpdate(inputs: CtcUpdate, model: CtcModel): CtcUpdated {
  const { loss, gradients } = lossAndGradients(inputs.parameters, (parameters) => {
    const logits = ctcLogits(parameters, model, inputs.batch, inputs.key, inputs.masks);
    const losses = ctcLoss(
      logits,
      inputs.targets as tf.Tensor2D,
      inputs.batch.steps as tf.Tensor1D,
      inputs.targetLengths as tf.Tensor1D,
      model.blank,
    );
    return { loss: tf.sum(tf.mul(losses, inputs.weights)), auxiliary: {} };
  });
  const next = adamStep(inputs.parameters, gradients, inputs.moments, {
    step: tf.add(inputs.step, 1),
    learningRate: inputs.learningRate,
    gradientScale: clipScale(gradients, model.settings.gradientClip).scale,
  });
  return { parameters: next.parameters, moments: next.state, loss };
}

/** The likeliest token of every step: [batch, steps] int32. */
export function ctcBestPath(parameters: Parameters, model: CtcModel, batch: CtcBatch): tf.Tensor {
  return tf.argMax(ctcLogits(parameters, model, batch), -1);
}

/** Log-probabilities of every step: [batch, steps, tokens]. */
export function ctcEmissions(parameters: Parameters, model: CtcModel, batch: CtcBatch): tf.Tensor {
  return tf.logSoftmax(ctcLogits(parameters, model, batch), -1);
}

/** Greedy decoding: repetitions merged, then blanks left out. */
export function collapsePath(path: ArrayLike<number>, blank: number): number[] {
  return Array.from(path).filter((token, i) => token !== blank && (i === 0 || token !== path[i - 1]));
}

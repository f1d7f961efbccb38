/**
 * @file Teacher and student of EH-MAM as functions of tensors. The order of operations follows the released
 * model code (fairseq's data2vec2.py with the decoder_pred of EH-MAM).
 */

import {
  audio,
  projectFeatures,
  relativePosition,
  sameLength,
  transformer,
} from '../encoders/families/ehmam.js';
import type { EhmamConfig } from '../encoders/families/ehmam-config.js';
import * as tf from '../engine/ops.js';
import type { Parameters } from '../engine/tree.js';
import { conv1d } from '../nn/conv1d.js';
import { detached } from '../nn/custom.js';
import { type DropoutKey, dropout } from '../nn/dropout.js';
import { gatherRows } from '../nn/gather-rows.js';
import { gelu } from '../nn/gelu.js';
import { linear } from '../nn/linear.js';
import { instanceNorm, layerNorm, standardize } from '../nn/norm.js';
import type { TargetSettings } from './config.js';

/** What is hidden in a batch, and how frames move when masked ones are removed. All but `mask` may be padded. */
export type MaskTensors = {
  /** [batch, frames], 1 where masked. */
  readonly mask: tf.Tensor;
  /** int32 [batch * kept]: rows of [batch * frames] that the student sees. */
  readonly keptRows: tf.Tensor;
  /** int32 [batch * frames]: rows of [batch * kept]; 0 where masked. */
  readonly restoredRows: tf.Tensor;
  /** [batch, kept], indices of the kept frames in their utterance. */
  readonly keptPositions: tf.Tensor;
  /** [batch, kept], 1 where a row only fills up the shape. */
  readonly keptPadding: tf.Tensor;
};

/**
 * The teacher's pass over the unmasked input.
 * @param features local features after the student's projection, [batch, frames, width]
 * @returns targets and the encoder's output, each [batch, frames, width]
 */
export function teacherPass(
  config: EhmamConfig,
  teacher: Parameters,
  features: tf.Tensor,
  settings: TargetSettings,
): { readonly targets: tf.Tensor; readonly encoded: tf.Tensor } {
  const x = features.add(relativePosition(config, teacher, features));
  const { mlpOutputs, hiddenStates } = transformer(config, teacher, { x });
  return { targets: targetsOf(mlpOutputs, settings), encoded: hiddenStates.at(-1) as tf.Tensor };
}

const normalizations = { instance: instanceNorm, layer: standardize, none: (x: tf.Tensor) => x };

/** The mean over blocks of their normalised outputs, and the utterance's own mean beside it where it is asked for. */
function targetsOf(
  outputs: readonly tf.Tensor[],
  { topBlocks, blocks, normalization = 'instance', ownMean = 0 }: TargetSettings,
): tf.Tensor {
  const chosen = blocks?.map((block) => outputs[block] as tf.Tensor) ?? outputs.slice(-topBlocks);
  const meanOf = (tensors: tf.Tensor[]): tf.Tensor => tf.addN(tensors).div(tensors.length);
  const targets = meanOf(chosen.map((output) => normalizations[normalization](output)));
  if (ownMean === 0) return targets;
  const means = meanOf(chosen.map((output) => standardize(output.mean(1, true)))); // (batch, 1, width)
  return targets.add(means.mul(ownMean));
}

/** What the student is shown, and what it leaves out. */
export interface StudentView {
  /** Raw local features, [batch, frames, channels]. */
  readonly features: tf.Tensor;
  readonly masks: MaskTensors;
  /** What stands in the masked places, [batch, frames, width]. */
  readonly noise: tf.Tensor;
  readonly keptBlocks?: tf.Tensor | undefined;
  readonly dropoutKey?: DropoutKey | undefined;
  /** What the loss is predicted from, [batch, frames, width] (default: the decoder's input). */
  readonly predictorInput?: tf.Tensor | undefined;
}

/**
 * The student's pass over the frames it is shown.
 * @returns predictions [batch, frames, width]; predicted loss [batch, frames]; the encoder's output [batch, kept, width]
 */
export function studentPass(
  config: EhmamConfig,
  student: Parameters,
  { features, masks, noise, keptBlocks, dropoutKey, predictorInput }: StudentView,
): { readonly predictions: tf.Tensor; readonly predictedLoss: tf.Tensor; readonly encoded: tf.Tensor } {
  const { mask, keptRows, restoredRows, keptPositions, keptPadding } = masks;
  const [batch, frames] = mask.shape as [number, number];
  const kept = keptPositions.shape[1] as number;
  const visible = tf.scalar(1).sub(mask); // (batch, frames)
  const x = projectFeatures(student, features);
  const positions = relativePosition(config, student, x.mul(visible.expandDims(2)));
  const rows = x.add(positions).reshape([batch * frames, config.width]);
  const seen = gatherRows(rows, { index: keptRows, inverse: restoredRows, picked: visible.reshape([-1]) });
  const { hiddenStates } = transformer(config, student, {
    x: seen.reshape([batch, kept, config.width]),
    positions: keptPositions,
    padding: keptPadding,
    ...(keptBlocks === undefined ? {} : { keptBlocks }),
    ...(dropoutKey === undefined ? {} : { dropoutKey }),
  });
  const encoded = hiddenStates.at(-1) as tf.Tensor;
  const dropped = dropout(encoded, config.dropout.decoderInput, dropoutKey, 'decoder_input');
  const restored = gatherRows(dropped.reshape([batch * kept, config.width]), {
    index: restoredRows,
    inverse: keptRows,
    picked: tf.scalar(1).sub(keptPadding).reshape([-1]),
  }).reshape([batch, frames, config.width]);
  const input = restored.mul(visible.expandDims(2)).add(noise.mul(mask.expandDims(2)));
  const predictions = linear(
    student,
    `${audio}.decoder.proj`,
    decoderBlocks(config, student, `${audio}.decoder`, input),
  );
  return { predictions, predictedLoss: predictLoss(config, student, predictorInput ?? input), encoded };
}

/** EH-MAM's loss predictor: [batch, frames, width] to one number a frame, [batch, frames]. */
export function predictLoss(config: EhmamConfig, parameters: Parameters, x: tf.Tensor): tf.Tensor {
  const name = `${audio}.decoder_pred`;
  const hidden = layerNorm(parameters, `${name}.proj.0`, decoderBlocks(config, parameters, name, x));
  return linear(parameters, `${name}.proj.1`, hidden).mean(2);
}

/** The convolutions of fairseq's Decoder1d: [batch, frames, width] to [batch, frames, decoder width]. */
function decoderBlocks(config: EhmamConfig, parameters: Parameters, name: string, x: tf.Tensor): tf.Tensor {
  const { layers, kernel, groups } = config.decoder;
  let y = x.transpose([0, 2, 1]); // (batch, width, frames)
  for (let i = 0; i < layers; i++) {
    const convolved = sameLength(
      conv1d(parameters, `${name}.blocks.${i}.0`, y, { padding: 'same', groups }),
      kernel,
    );
    const next = gelu(standardize(convolved.transpose([0, 2, 1]))).transpose([0, 2, 1]);
    y = next.shape[1] === y.shape[1] ? next.add(y) : next;
  }
  return y.transpose([0, 2, 1]);
}

/**
 * The hinge of VICReg (Bardes et al., 2022, equation 1): the mean over channels of what their deviation over all frames of a
 * batch lacks to `floor`.
 * @param encoded [batch, kept, width]
 * @param padding [batch, kept], 1 where a row only fills up the shape
 */
export function varianceLoss(encoded: tf.Tensor, padding: tf.Tensor, floor: number): tf.Tensor {
  return tf
    .scalar(floor)
    .sub(deviations(encoded, tf.scalar(1).sub(padding)))
    .relu()
    .mean();
}

/**
 * Each channel's deviation over the frames that count: [width].
 * @param x [batch, frames, width]
 * @param weights [batch, frames], 1 for frames that count
 */
export function deviations(x: tf.Tensor, weights: tf.Tensor): tf.Tensor {
  const rows = x.reshape([-1, x.shape[2] as number]);
  const each = weights.reshape([-1, 1]);
  const count = each.sum();
  const mean = rows.mul(each).sum(0, true).div(count);
  const squares = rows.sub(mean).square().mul(each).sum(0);
  return squares
    .div(tf.maximum(count.sub(1), 1))
    .add(1e-6)
    .sqrt();
}

export interface Losses {
  /** Sum over masked frames and channels of squared error / sqrt(width). */
  readonly reconstructionSum: tf.Tensor;
  /** Sum over ordered pairs of masked frames of one utterance. */
  readonly rankingSum: tf.Tensor;
  /** Number of those pairs whose losses differ. */
  readonly pairs: tf.Tensor;
  /** [batch, frames], zero where not masked. */
  readonly frameLoss: tf.Tensor;
}

/**
 * Squared error / sqrt(width), summed over channels: [batch, frames], zero where not masked.
 * @param predictions, targets [batch, frames, width]
 * @param mask [batch, frames]
 */
export function frameLosses(predictions: tf.Tensor, targets: tf.Tensor, mask: tf.Tensor): tf.Tensor {
  const width = targets.shape[2] as number;
  const elementwise = tf.squaredDifference(predictions, targets).mul(1 / Math.sqrt(width));
  return elementwise.sum(2).mul(mask);
}

/** Kept away from 0 inside the logarithm (released code). */
const rankingEpsilon = 1e-6;

/**
 * Reconstruction, and logistic ranking of the predicted against the actual loss of every pair of masked frames.
 * @param targets [batch, frames, width]
 * @param mask [batch, frames]
 */
export function losses(
  student: { readonly predictions: tf.Tensor; readonly predictedLoss: tf.Tensor },
  targets: tf.Tensor,
  mask: tf.Tensor,
): Losses {
  const frameLoss = frameLosses(student.predictions, targets, mask); // (batch, frames)
  const difference = (x: tf.Tensor): tf.Tensor => x.expandDims(2).sub(x.expandDims(1)); // (batch, i, j): x_i - x_j
  const bothMasked = mask.expandDims(2).mul(mask.expandDims(1));
  // The actual loss only says which of two frames is harder: no gradient goes through it.
  const order = detached(frameLoss, (actual) => difference(actual).sign());
  const harder = order.relu().mul(bothMasked);
  const easier = order.neg().relu().mul(bothMasked);
  const chance = difference(student.predictedLoss).sigmoid();
  const log = (p: tf.Tensor): tf.Tensor => p.add(rankingEpsilon).log();
  const ranking = harder
    .mul(log(chance))
    .add(easier.mul(log(tf.scalar(1).sub(chance))))
    .neg();
  return {
    reconstructionSum: frameLoss.sum(),
    rankingSum: ranking.sum(),
    pairs: harder.add(easier).sum(),
    frameLoss,
  };
}

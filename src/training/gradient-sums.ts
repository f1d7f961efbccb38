/** @file Gradients of a loss over the parts of a batch, summed up, and the one update that they make together. */
import * as tf from '../engine/ops.js';
import type { Parameters, Tree } from '../engine/tree.js';
import { type AdamSettings, type AdamState, adamStep, clipScale } from '../nn/adam.js';
import { lossAndGradients } from '../nn/gradients.js';
import { parameter } from '../nn/linear.js';

/** A loss of a batch or of one of its parts. */
export interface BatchLoss {
  /** A scalar: a mean, or a sum where there is a count. */
  readonly loss: tf.Tensor;
  /** What the losses and gradients of all parts together are divided by, a scalar: utterances, tokens (default: parts). */
  readonly count?: tf.Tensor;
}

export type LossFunction<Inputs extends Tree<tf.Tensor>> = (
  parameters: Parameters,
  inputs: Inputs,
) => BatchLoss;

/** Sums over the parts so far. A type, so that it is a tree. */
export type GradientSums = {
  readonly gradients: Parameters;
  readonly loss: tf.Tensor;
  readonly count: tf.Tensor;
};

/** Loss and gradients of a batch that is whole. Only `trained` parameters have gradients; `frozen` ones stay as they are. */
export function batchGradients<Inputs extends Tree<tf.Tensor>>(
  lossOf: LossFunction<Inputs>,
  trained: Parameters,
  frozen: Parameters,
  inputs: Inputs,
): { readonly loss: tf.Tensor; readonly gradients: Parameters } {
  return lossAndGradients(trained, (parameters) => {
    const { loss, count } = lossOf({ ...frozen, ...parameters }, inputs);
    return { loss: count === undefined ? loss : loss.div(count), auxiliary: {} };
  });
}

/** The sums of a part of a batch. */
export function partGradients<Inputs extends Tree<tf.Tensor>>(
  lossOf: LossFunction<Inputs>,
  trained: Parameters,
  frozen: Parameters,
  inputs: Inputs,
): GradientSums {
  const { loss, gradients, auxiliary } = lossAndGradients(trained, (parameters) => {
    const { loss: own, count = tf.scalar(1) } = lossOf({ ...frozen, ...parameters }, inputs);
    return { loss: own, auxiliary: { count } };
  });
  return { gradients, loss, count: auxiliary.count.reshape([]) };
}

export function addSums(a: GradientSums, b: GradientSums): GradientSums {
  return {
    gradients: Object.fromEntries(
      Object.entries(a.gradients).map(([name, sum]) => [name, sum.add(parameter(b.gradients, name))]),
    ),
    loss: a.loss.add(b.loss),
    count: a.count.add(b.count),
  };
}

/** Gradients of a batch, or their sums over its parts and what these are divided by, a scalar. */
export type BatchGradients = Pick<GradientSums, 'gradients'> & Partial<Pick<GradientSums, 'count'>>;

/** Clips gradients to a norm (0: no clipping), then Adam. The division is a part of its passes over the gradients. */
export function updateBy(
  { gradients, count }: BatchGradients,
  {
    parameters,
    moments,
    step,
    learningRate,
  }: {
    readonly parameters: Parameters;
    readonly moments: AdamState<Parameters>;
    /** Updates done before, a scalar. */
    readonly step: tf.Tensor;
    readonly learningRate: tf.Tensor;
  },
  clipNorm: number,
  settings: AdamSettings,
): {
  readonly parameters: Parameters;
  readonly moments: AdamState<Parameters>;
  readonly gradientNorm: tf.Tensor;
} {
  const { norm, scale } = clipScale(gradients, clipNorm, count?.pow(-1));
  const next = adamStep(
    parameters,
    gradients,
    moments,
    { step: tf.add(step, 1), learningRate, gradientScale: scale },
    settings,
  );
  return { parameters: next.parameters, moments: next.state, gradientNorm: norm };
}

/** @file Adam and AdamW as pure functions, and gradient clipping. */
import * as tf from '@tensorflow/tfjs';
import { float32, type HostParameters, type Parameters, sizeOf } from '../engine/tree.js';

export interface AdamSettings {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  /** AdamW: decay beside the update instead of inside the gradient. */
  readonly decoupled: boolean;
  /** Parameters that no decay touches. */
  readonly exempt?: (name: string) => boolean;
}

/** torch.optim.Adam's defaults. */
export const adamDefaults: AdamSettings = {
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 0,
  decoupled: false,
};

/** First and second moments, named like the parameters. A type, so that it is a tree. */
export type AdamState<P> = { readonly first: P; readonly second: P };

export function adamStart(parameters: HostParameters): AdamState<HostParameters> {
  const zeros = (): HostParameters =>
    Object.fromEntries(
      Object.entries(parameters).map(([name, { shape }]) => [
        name,
        float32(shape, new Float32Array(sizeOf(shape))),
      ]),
    );
  return { first: zeros(), second: zeros() };
}

/**
 * One update, as torch.optim.Adam (decay added to the gradient) or AdamW (`decoupled`).
 * @param step the update's number counted from 1, a scalar
 * @param learningRate a scalar
 */
export function adamStep(
  parameters: Parameters,
  gradients: Parameters,
  state: AdamState<Parameters>,
  step: tf.Tensor,
  learningRate: tf.Tensor,
  settings: AdamSettings = adamDefaults,
): { readonly parameters: Parameters; readonly state: AdamState<Parameters> } {
  const { beta1, beta2, epsilon, decoupled } = settings;
  // beta^step as exp(step log beta): the same in every engine.
  const correction = (beta: number): tf.Tensor => tf.scalar(1).sub(step.mul(Math.log(beta)).exp());
  const scale = learningRate.div(correction(beta1));
  const rootCorrection = correction(beta2).sqrt();
  const next: Record<string, tf.Tensor> = {};
  const first: Record<string, tf.Tensor> = {};
  const second: Record<string, tf.Tensor> = {};
  for (const [name, value] of Object.entries(parameters)) {
    const raw = need(gradients, name);
    const decay = settings.exempt?.(name) ? 0 : settings.weightDecay;
    const gradient = decay === 0 || decoupled ? raw : raw.add(value.mul(decay));
    const shrunk = decay === 0 || !decoupled ? value : value.mul(tf.scalar(1).sub(learningRate.mul(decay)));
    const m = need(state.first, name)
      .mul(beta1)
      .add(gradient.mul(1 - beta1));
    const v = need(state.second, name)
      .mul(beta2)
      .add(gradient.square().mul(1 - beta2));
    first[name] = m;
    second[name] = v;
    next[name] = shrunk.sub(m.div(v.sqrt().div(rootCorrection).add(epsilon)).mul(scale));
  }
  return { parameters: next, state: { first, second } };
}

function need(tree: Parameters, name: string): tf.Tensor {
  const tensor = tree[name];
  if (tensor === undefined) throw new Error(`${name} has no gradient or moment`);
  return tensor;
}

/** The norm over all gradients together: a scalar. */
export function globalNorm(gradients: Parameters): tf.Tensor {
  return tf.addN(Object.values(gradients).map((gradient) => gradient.square().sum())).sqrt();
}

/** Gradients scaled to a norm of at most `limit`, as torch.nn.utils.clip_grad_norm_. */
export function clipGradients(
  gradients: Parameters,
  limit: number,
): { readonly gradients: Parameters; readonly norm: tf.Tensor } {
  const norm = globalNorm(gradients);
  const scale = tf.minimum(norm.add(1e-6).pow(-1).mul(limit), 1);
  return {
    gradients: Object.fromEntries(
      Object.entries(gradients).map(([name, gradient]) => [name, gradient.mul(scale)]),
    ),
    norm,
  };
}

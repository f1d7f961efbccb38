/** @file Adam and AdamW as pure functions, and gradient clipping. */

import { float32, type HostParameters, sizeOf } from '../base/host-tensor.js';
import { fused } from '../engine/fused/operations.js';
import * as tf from '../engine/ops.js';
import type { Parameters } from '../engine/tree.js';

export interface AdamSettings {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  /** AdamW: decay beside the update instead of inside the gradient. */
  readonly decoupled: boolean;
  /** Parameters that no decay touches. */
  readonly exempt?: (name: string) => boolean;
  /** What a parameter's learning rate is multiplied by (default: 1). */
  readonly rateFactor?: (name: string) => number;
  /** Updates before a parameter's own first one, which its bias correction does not count (default: 0). */
  readonly startsAfter?: (name: string) => number;
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

/** What an update needs to know besides its settings. */
export interface AdamUpdate {
  /** The update's number counted from 1, a scalar. */
  readonly step: tf.Tensor;
  /** A scalar, or what broadcasts against every parameter. */
  readonly learningRate: tf.Tensor;
  /** Multiplies every gradient first (see `clipScale`); shaped like `learningRate`. */
  readonly gradientScale?: tf.Tensor | undefined;
}

/**
 * One update, as torch.optim.Adam (decay added to the gradient) or AdamW (`decoupled`).
 * Factors are gathered so that few passes over the parameters are left: they are what an update costs.
 */
export function adamStep(
  parameters: Parameters,
  gradients: Parameters,
  state: AdamState<Parameters>,
  { step, learningRate, gradientScale }: AdamUpdate,
  settings: AdamSettings = adamDefaults,
): { readonly parameters: Parameters; readonly state: AdamState<Parameters> } {
  const { beta1, beta2, decoupled } = settings;
  const corrections = new Map<number, Corrected>();
  const correctedAfter = (updates: number): Corrected => {
    const own = corrections.get(updates) ?? corrected(step, learningRate, updates, settings);
    corrections.set(updates, own);
    return own;
  };
  const next: Record<string, tf.Tensor> = {};
  const first: Record<string, tf.Tensor> = {};
  const second: Record<string, tf.Tensor> = {};
  for (const [name, value] of Object.entries(parameters)) {
    const raw = need(gradients, name);
    const decay = settings.exempt?.(name) ? 0 : settings.weightDecay;
    const inGradient = decay !== 0 && !decoupled;
    const gradient = inGradient ? scaled(raw, 1, gradientScale).add(value.mul(decay)) : raw;
    const scale = inGradient ? undefined : gradientScale;
    const factor = settings.rateFactor?.(name) ?? 1;
    const beside = decoupled ? decay : 0;
    const { rate, smallest } = correctedAfter(settings.startsAfter?.(name) ?? 0);
    const moments = [need(state.first, name), need(state.second, name)] as const;
    const inputs = [value, gradient, ...moments, rate, smallest, learningRate, scale];
    const chain = (): tf.Tensor[] => {
      const shrunk = beside === 0 ? value : value.mul(tf.scalar(1).sub(learningRate.mul(factor * beside)));
      const m = moments[0].mul(beta1).add(scaled(gradient, 1 - beta1, scale));
      const v = moments[1].mul(beta2).add(scaled(gradient, Math.sqrt(1 - beta2), scale).square());
      // m / (sqrt(v) / c + eps), with numerator and denominator multiplied by c.
      const change = m.div(v.sqrt().add(smallest)).mul(factor === 1 ? rate : rate.mul(factor));
      return [shrunk.sub(change), m, v];
    };
    const [moved, m, v] = fused('adam', inputs, [beta1, beta2, factor, beside], chain);
    next[name] = moved as tf.Tensor;
    first[name] = m as tf.Tensor;
    second[name] = v as tf.Tensor;
  }
  return { parameters: next, state: { first, second } };
}

/** The learning rate and epsilon with the bias corrections of the moments in them. */
interface Corrected {
  readonly rate: tf.Tensor;
  readonly smallest: tf.Tensor;
}

function corrected(
  step: tf.Tensor,
  learningRate: tf.Tensor,
  updatesBefore: number,
  { beta1, beta2, epsilon }: AdamSettings,
): Corrected {
  const own = updatesBefore === 0 ? step : step.sub(updatesBefore);
  // beta^step as exp(step log beta): the same in every engine.
  const correction = (beta: number): tf.Tensor => tf.scalar(1).sub(own.mul(Math.log(beta)).exp());
  const rootCorrection = correction(beta2).sqrt();
  return {
    rate: learningRate.div(correction(beta1)).mul(rootCorrection),
    smallest: rootCorrection.mul(epsilon),
  };
}

function scaled(x: tf.Tensor, factor: number, scale: tf.Tensor | undefined): tf.Tensor {
  return x.mul(scale === undefined ? factor : scale.mul(factor));
}

function need(tree: Parameters, name: string): tf.Tensor {
  const tensor = tree[name];
  if (tensor === undefined) throw new Error(`${name} has no gradient or moment`);
  return tensor;
}

/** The norm over all gradients together: a scalar. */
export function globalNorm(gradients: Parameters): tf.Tensor {
  return tf
    .addN(Object.values(gradients).map((gradient) => sumOfSquares(gradient, 1)))
    .sqrt()
    .reshape([]);
}

/**
 * Sums of squares over all but a leading axis of `rows`, as products of rows with themselves: one pass.
 * @returns [rows, 1]
 */
export function sumOfSquares(x: tf.Tensor, rows: number): tf.Tensor2D {
  const flat = x.reshape([rows, 1, x.size / rows]) as tf.Tensor3D;
  return tf.matMul(flat, flat, false, true).reshape([rows, 1]);
}

/**
 * What scales gradients to a norm of at most `limit`, as torch.nn.utils.clip_grad_norm_, and their norm: both are scalars.
 * @param limit 0: no limit
 * @param share what all gradients are to be multiplied by first, a scalar: a part of the scale
 */
export function clipScale(
  gradients: Parameters,
  limit: number,
  share?: tf.Tensor,
): { readonly scale: tf.Tensor; readonly norm: tf.Tensor } {
  const chain = (): tf.Tensor[] => {
    const shared = (x: tf.Tensor): tf.Tensor => (share === undefined ? x : x.mul(share));
    const norm = shared(globalNorm(gradients));
    const factor = limit > 0 ? tf.minimum(norm.add(1e-6).pow(-1).mul(limit), 1) : tf.scalar(1);
    return [norm, shared(factor)];
  };
  const [norm, scale] = fused('norm', [share, ...Object.values(gradients)], [limit], chain);
  return { norm: norm as tf.Tensor, scale: scale as tf.Tensor };
}

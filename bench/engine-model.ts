/** @file What `bench/engine` measures: one training step (forward and backward) of a small transformer. */

import { float32, type HostTensor, sizeOf } from '../src/base/host-tensor.js';
import { randomStream } from '../src/base/random.js';
import type * as tf from '../src/engine/ops.js';
import type { Parameters } from '../src/engine/tree.js';
import { lossAndGradients } from '../src/nn/gradients.js';
import { transformerBlock } from '../src/nn/transformer.js';

export interface StepSizes {
  readonly width: number;
  readonly layers: number;
  readonly batch: number;
  readonly frames: number;
  readonly heads: number;
}

export type StepInputs = {
  readonly parameters: Parameters;
  readonly batch: { readonly x: tf.Tensor; readonly y: tf.Tensor };
};
export type StepOutputs = { readonly loss: tf.Tensor; readonly gradients: Parameters };

/** The step: mean squared error of the last block's output, and its gradient in every parameter. */
export function trainingStep({ layers, heads }: StepSizes): (inputs: StepInputs) => StepOutputs {
  const settings = { heads, normFirst: false, normEpsilon: 1e-5 };
  return ({ parameters, batch: { x, y } }) => {
    const { loss, gradients } = lossAndGradients(parameters, (named) => {
      let hidden = x; // (batch, frames, width)
      for (let i = 0; i < layers; i++) {
        hidden = transformerBlock(named, `blocks.${i}`, hidden, undefined, settings).x;
      }
      return { loss: hidden.sub(y).square().mean(), auxiliary: {} };
    });
    return { loss, gradients };
  };
}

/** Seeded weights and data. */
export function stepInputs({ width, layers, batch, frames }: StepSizes) {
  const noise = (name: string, shape: readonly number[], scale: number): HostTensor => {
    const random = randomStream(1, name);
    return float32(
      shape,
      Float32Array.from({ length: sizeOf(shape) }, () => scale * (2 * random.uniform() - 1)),
    );
  };
  const parameters: Record<string, HostTensor> = {};
  const linear = (name: string, out: number, into: number): void => {
    parameters[`${name}.weight`] = noise(`${name}.weight`, [out, into], into ** -0.5);
    parameters[`${name}.bias`] = noise(`${name}.bias`, [out], 0.05);
  };
  const norm = (name: string): void => {
    parameters[`${name}.weight`] = noise(`${name}.weight`, [width], 1);
    parameters[`${name}.bias`] = noise(`${name}.bias`, [width], 0.05);
  };
  for (let i = 0; i < layers; i++) {
    linear(`blocks.${i}.attn.qkv`, 3 * width, width);
    linear(`blocks.${i}.attn.proj`, width, width);
    norm(`blocks.${i}.norm1`);
    linear(`blocks.${i}.mlp.fc1`, 4 * width, width);
    linear(`blocks.${i}.mlp.fc2`, width, 4 * width);
    norm(`blocks.${i}.norm2`);
  }
  const shape = [batch, frames, width];
  return { parameters, batch: { x: noise('x', shape, 1), y: noise('y', shape, 1) } };
}

/** Multiply-adds of the matrix products counted twice; the backward pass costs two forward passes. */
export function stepFlops({ width, layers, batch, frames }: StepSizes): number {
  const projections = 12 * width ** 2 * batch * frames;
  const attention = 2 * batch * frames ** 2 * width;
  return 3 * 2 * layers * (projections + attention);
}

/** @file What the student learns from in an update: a batch, or the parts of one that does not fit at once. */
import { float32, type HostTensor } from '../base/host-tensor.js';
import type { Given, Held } from '../engine/engine.js';
import type * as tf from '../engine/ops.js';
import type { PretrainConfig } from './config.js';
import { dropping, maskNoise } from './draws.js';
import { maskTensors } from './mask-tensors.js';
import type { BatchInputs } from './step.js';

/** Inputs of the student's loss beside its parameters. */
export type BatchGiven = { readonly [K in keyof Omit<BatchInputs, 'student'>]: Given<BatchInputs[K]> };

/** What the teacher gave of a part. */
export interface Taught {
  readonly targets: Held<tf.Tensor>;
  readonly predictorInput?: Held<tf.Tensor>;
  readonly studentInput?: Held<tf.Tensor>;
}

/**
 * The crops of each part, [size, samples of a crop].
 * @param samples of all crops, one behind the other
 */
export function cropsOfParts(
  samples: Float32Array,
  { size, accumulate = 1 }: PretrainConfig['batch'],
): HostTensor[] {
  const length = samples.length / accumulate;
  return Array.from({ length: accumulate }, (_, part) =>
    float32([size, length / size], samples.subarray(part * length, (part + 1) * length)),
  );
}

/**
 * The batch of a step part by part. Random choices are those of the whole batch.
 * @param masks of all rows
 * @param noise the numbers of their masked frames
 */
export function* batchParts(
  config: PretrainConfig,
  step: number,
  crops: readonly HostTensor[],
  taught: readonly Taught[],
  masks: readonly Uint8Array[],
  noise: Float32Array,
): Generator<BatchGiven, undefined> {
  const { size } = config.batch;
  const noises = maskNoise(config, masks, size, noise);
  for (const [part, waveform] of crops.entries()) {
    const { targets, predictorInput, studentInput = waveform } = taught[part] as Taught;
    const first = part * size;
    yield {
      studentInput,
      targets,
      ...(predictorInput !== undefined && { predictorInput }),
      masks: maskTensors(masks.slice(first, first + size)),
      noise: noises.next().value as HostTensor,
      dropping: dropping(config, step, crops.length > 1 ? first : undefined),
    };
  }
}

/** @file How parameters of heads start. */
import { float32, type HostTensor, sizeOf } from '../base/host-tensor.js';
import { randomStream } from '../base/random.js';

/** Uniform in [-bound, bound), from a key of its own, so that adding a parameter changes no other. */
export function uniformTensor(
  seed: number,
  name: string,
  shape: readonly number[],
  bound: number,
): HostTensor {
  const random = randomStream(seed, `parameter ${name}`);
  const values = new Float32Array(sizeOf(shape));
  // Full-size heads have 43 million of them: a loop takes a fraction of what Float32Array.from does.
  for (let i = 0; i < values.length; i++) values[i] = bound * (2 * random.uniform() - 1);
  return float32(shape, values);
}

/** torch.nn.Linear's start: weight [out, in] and bias [out] within 1 / sqrt(in). */
export function linearStart(
  seed: number,
  name: string,
  width: number,
  out: number,
): Record<string, HostTensor> {
  const bound = 1 / Math.sqrt(width);
  return {
    [`${name}.weight`]: uniformTensor(seed, `${name}.weight`, [out, width], bound),
    [`${name}.bias`]: uniformTensor(seed, `${name}.bias`, [out], bound),
  };
}

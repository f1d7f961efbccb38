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

/** Normal with this deviation, from a key of its own. */
export function normalTensor(
  seed: number,
  name: string,
  shape: readonly number[],
  deviation: number,
): HostTensor {
  const random = randomStream(seed, `parameter ${name}`);
  const values = new Float32Array(sizeOf(shape));
  for (let i = 0; i < values.length; i++) values[i] = deviation * random.normal();
  return float32(shape, values);
}

/** torch.nn.LSTM's start of one layer and direction: weights and biases within 1 / sqrt(size). */
export function lstmStart(
  seed: number,
  name: string,
  end: string,
  width: number,
  size: number,
): Record<string, HostTensor> {
  const shapes = {
    weight_ih: [4 * size, width],
    weight_hh: [4 * size, size],
    bias_ih: [4 * size],
    bias_hh: [4 * size],
  };
  return Object.fromEntries(
    Object.entries(shapes).map(([kind, shape]) => {
      const path = `${name}.${kind}${end}`;
      return [path, uniformTensor(seed, path, shape, 1 / Math.sqrt(size))];
    }),
  );
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

/** @file What a head has learned to take of each layer. */
import type { HostParameters } from '../base/host-tensor.js';

/** The learned layer weights of a head, after the softmax. */
export function layerWeightsOf(parameters: HostParameters): number[] {
  return softmax(parameters.layerWeights?.data ?? []);
}

function softmax(values: ArrayLike<number>): number[] {
  const list = Array.from(values);
  const top = Math.max(...list);
  const exps = list.map((value) => Math.exp(value - top));
  const sum = exps.reduce((a, b) => a + b, 0);
  return exps.map((value) => value / sum);
}

/** @file Host tensors as constants of a traced function. */

import type { HostParameters, HostTensor } from '../base/host-tensor.js';
import { computedType } from './backend.js';
import * as tf from './ops.js';
import type { Parameters } from './tree.js';

/** A host tensor as a tensor of the active backend; in a trace it becomes a constant of the program. */
export function tensorOf(host: HostTensor): tf.Tensor {
  return tf.tensor(host.data, [...host.shape], computedType(host.dtype));
}

/** Parameters baked into a program: call it inside the function that is compiled. */
export function constants(parameters: HostParameters): Parameters {
  return Object.fromEntries(Object.entries(parameters).map(([name, host]) => [name, tensorOf(host)]));
}

/** @file Engines that run a function op by op: TensorFlow's native library, WebAssembly, plain JavaScript. */

import { messageOf } from '../base/errors.js';
import type { HostTensor } from '../base/host-tensor.js';
import { withBackend } from './backend.js';
import { tensorOf } from './constants.js';
import type { Engine, EngineName, Program, ProgramOptions, TensorFunction } from './engine.js';
import { inputCheck } from './inputs.js';
import * as tf from './ops.js';
import { isTensor } from './trace.js';
import { isHostTensor, mapLeaves, type ToHost, type Tree } from './tree.js';

/** An engine over a TensorFlow.js backend that is initialised. */
export function eagerEngine(name: EngineName, backend: string): Engine {
  return {
    name,
    provider: 'cpu',
    threads: 1,
    compile: <In extends Tree<tf.Tensor>, Out extends Tree<tf.Tensor>>(
      fn: TensorFunction<In, Out>,
      options: ProgramOptions,
    ): Program<In, Out> => {
      const check = inputCheck(options.name);
      return {
        run: async (inputs) => {
          const leaves = check.leavesOf(inputs as Tree<HostTensor>);
          try {
            const outputs = withBackend(backend, () => runEagerly(fn, inputs));
            check.expect(leaves);
            return outputs;
          } catch (cause) {
            throw new Error(`${options.name} failed: ${messageOf(cause)}`, { cause });
          }
        },
        dispose: async () => {},
      };
    },
  };
}

function runEagerly<In extends Tree<tf.Tensor>, Out extends Tree<tf.Tensor>>(
  fn: TensorFunction<In, Out>,
  inputs: ToHost<In>,
): ToHost<Out> {
  let outputs: Tree<HostTensor> = {};
  tf.tidy(() => {
    const tensors = mapLeaves(inputs as Tree<HostTensor>, isHostTensor, tensorOf);
    outputs = mapLeaves<tf.Tensor, HostTensor>(fn(tensors as In), isTensor, (tensor) => ({
      dtype: tensor.dtype as HostTensor['dtype'],
      shape: tensor.shape,
      data: tensor.dataSync().slice() as HostTensor['data'],
    }));
  });
  return outputs as ToHost<Out>;
}

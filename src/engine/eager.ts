/** @file Engines that run a function op by op: TensorFlow's native library, WebAssembly, plain JavaScript. */

import { messageOf } from '../base/errors.js';
import type { HostTensor } from '../base/host-tensor.js';
import { withBackend } from './backend.js';
import { tensorOf } from './constants.js';
import type { Engine, EngineName, Program, ProgramOptions, TensorFunction } from './engine.js';
import { createHolder, type Holder, keepOutputs } from './held.js';
import { inputCheck } from './inputs.js';
import * as tf from './ops.js';
import { isTensor } from './trace.js';
import { isHostTensor, mapLeaves, type Tree } from './tree.js';

/** An engine over a TensorFlow.js backend that is initialised. What it holds are host tensors. */
export function eagerEngine(name: EngineName, backend: string): Engine {
  const holder = createHolder();
  return {
    name,
    provider: 'cpu',
    threads: 1,
    hold: (tree) => holder.hold(tree, 'what the host gave'),
    compile: (fn, options) => eagerProgram(fn, options, backend, holder),
  };
}

function eagerProgram<In extends Tree<tf.Tensor>, Out extends Tree<tf.Tensor>, Kept extends string>(
  fn: TensorFunction<In, Out>,
  options: ProgramOptions<Kept>,
  backend: string,
  holder: Holder,
): Program<In, Out, Kept> {
  const { name, keeps = [] } = options;
  const check = inputCheck(name);
  return {
    run: async (inputs) => {
      const opened = holder.open(name, inputs, keeps);
      const leaves = check.leavesOf(opened.tree);
      opened.begin();
      let outputs: Tree<HostTensor> | undefined;
      try {
        outputs = withBackend(backend, () => runEagerly(fn, opened.tree));
      } catch (cause) {
        throw new Error(`${name} failed: ${messageOf(cause)}`, { cause });
      } finally {
        opened.end(outputs !== undefined);
      }
      check.expect(leaves);
      return keepOutputs<Out, Kept>(holder, outputs, options);
    },
    dispose: async () => {},
  };
}

function runEagerly<In extends Tree<tf.Tensor>, Out extends Tree<tf.Tensor>>(
  fn: TensorFunction<In, Out>,
  inputs: Tree<HostTensor>,
): Tree<HostTensor> {
  let outputs: Tree<HostTensor> = {};
  tf.tidy(() => {
    const tensors = mapLeaves(inputs, isHostTensor, tensorOf);
    outputs = mapLeaves<tf.Tensor, HostTensor>(fn(tensors as In), isTensor, (tensor) => ({
      dtype: tensor.dtype as HostTensor['dtype'],
      shape: tensor.shape,
      data: tensor.dataSync().slice() as HostTensor['data'],
    }));
  });
  return outputs;
}

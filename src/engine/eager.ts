/** @file Engines that run a function op by op: TensorFlow's native library, WebAssembly, plain JavaScript. */

import { messageOf } from '../base/errors.js';
import type { HostTensor } from '../base/host-tensor.js';
import { withBackend } from './backend.js';
import { tensorOf } from './constants.js';
import type { Engine, EngineName, Program, ProgramOptions, TensorFunction } from './engine.js';
import { createHolder, type Holder, runOpened } from './held.js';
import { inputCheck } from './inputs.js';
import * as tf from './ops.js';
import { readableComplaint } from './tensorflow-library.js';
import { isTensor } from './trace.js';
import { isHostTensor, mapLeaves, type Tree } from './tree.js';

/** An engine over a TensorFlow.js backend that is initialised. What it holds are host tensors. */
export function eagerEngine(name: EngineName, backend: string): Engine {
  const holder = createHolder();
  return {
    name,
    provider: 'cpu',
    precision: 'fp32',
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
  const { name } = options;
  const check = inputCheck(name);
  return {
    run: (inputs) =>
      runOpened<Out, Kept>({ holder }, options, inputs, async (opened) => {
        const leaves = check.leavesOf(opened.tree);
        // What it holds are host tensors.
        const outputs = runEagerly(fn, opened.tree as Tree<HostTensor>, backend, name);
        check.expect(leaves);
        return outputs;
      }),
    dispose: async () => {},
  };
}

/** @throws Error naming the program where an operation fails */
function runEagerly<In extends Tree<tf.Tensor>, Out extends Tree<tf.Tensor>>(
  fn: TensorFunction<In, Out>,
  inputs: Tree<HostTensor>,
  backend: string,
  name: string,
): Tree<HostTensor> {
  let outputs: Tree<HostTensor> = {};
  const run = (): void => {
    const tensors = mapLeaves(inputs, isHostTensor, tensorOf);
    outputs = mapLeaves<tf.Tensor, HostTensor>(fn(tensors as In), isTensor, (tensor) => ({
      dtype: tensor.dtype as HostTensor['dtype'],
      shape: tensor.shape,
      data: tensor.dataSync().slice() as HostTensor['data'],
    }));
  };
  try {
    withBackend(backend, () => tf.tidy(run));
  } catch (cause) {
    throw new Error(`${name} failed: ${readableComplaint(messageOf(cause))}`, { cause });
  }
  return outputs;
}

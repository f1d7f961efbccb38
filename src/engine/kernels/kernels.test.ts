/** @file Every kernel with a compiled form gives what the eager engines give, gradients too. */

import { describe, expect, it } from 'vitest';
import type { HostTensor } from '../../base/host-tensor.js';
import { withBackend } from '../backend.js';
import { tensorOf } from '../constants.js';
import type { Engine } from '../engine.js';
import { engineUnderTest, expectNear, normals, type TestEngine, testEngines } from '../engines.fixture.js';
import * as tf from '../ops.js';
import { type KernelCase, kernelCases } from './kernels.fixture.js';
import '../trace.js';

/** Outputs under 'out', and gradients of a weighted sum of them under 'gradient' where there are any. */
function outputsAndGradients({ fn, differentiable = true }: KernelCase) {
  const listed = (inputs: Record<string, tf.Tensor>): tf.Tensor[] => [fn(inputs)].flat();
  return (inputs: Record<string, tf.Tensor>): Record<string, tf.Tensor> => {
    const named = (prefix: string, tensors: readonly tf.Tensor[]) =>
      tensors.map((tensor, i) => [`${prefix}${i}`, tensor] as const);
    const outputs = listed(inputs);
    if (!differentiable) return Object.fromEntries(named('out', outputs));
    const floats = Object.keys(inputs).filter((name) => inputs[name]?.dtype === 'float32');
    const weighted = (...leaves: tf.Tensor[]): tf.Tensor => {
      const values = {
        ...inputs,
        ...Object.fromEntries(floats.map((name, i) => [name, leaves[i] as tf.Tensor])),
      };
      const parts = listed(values).map((out, i) =>
        out.mul(tensorOf(normals(out.shape, `weights ${i}`))).sum(),
      );
      return tf.addN(parts);
    };
    const gradients = tf.grads(weighted)(floats.map((name) => inputs[name] as tf.Tensor));
    return Object.fromEntries([...named('out', outputs), ...named('gradient', gradients)]);
  };
}

describe('compiled kernels', async () => {
  const engines = new Map<TestEngine, Engine>();
  for (const name of testEngines) engines.set(name, await engineUnderTest(name));
  const run = async (name: TestEngine, each: KernelCase): Promise<Record<string, HostTensor>> => {
    const program = (engines.get(name) as Engine).compile(outputsAndGradients(each), { name: each.kernel });
    const outputs = await program.run({ ...each.inputs });
    await program.dispose();
    return { ...outputs };
  };
  const numbered = kernelCases.map((each, i) => [`${each.kernel} (case ${i})`, each] as const);

  it.each(numbered)('%s gives what the eager engines give', async (_name, each) => {
    const compiled = await run('onnx', each);
    const { oracles = ['wasm', 'cpu'] } = each;
    for (const oracle of testEngines.filter(
      (name) => name === 'tensorflow' || oracles.some((one) => one === name),
    ))
      expectNear(compiled, await run(oracle, each), 1e-5);
  });

  it('all have a case, which calls the kernel it is named after', async () => {
    const registered = tf.getKernelsForBackend('trace').map(({ kernelName }) => kernelName);
    expect(new Set(kernelCases.map(({ kernel }) => kernel))).toEqual(new Set(registered));
    for (const { kernel, fn, inputs } of kernelCases) {
      const profile = await withBackend('cpu', () =>
        tf.profile(() => {
          const tensors = Object.fromEntries(
            Object.entries(inputs).map(([name, input]) => [name, tensorOf(input)]),
          );
          fn(tensors);
          return tf.scalar(0);
        }),
      );
      expect(profile.kernelNames).toContain(kernel);
    }
  });
});

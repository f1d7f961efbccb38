/** @file What tests of programs share: the engines as an axis, seeded tensors, distances, finite differences. */

import { expect } from 'vitest';
import { float32, type HostTensor, sizeOf } from '../base/host-tensor.js';
import { randomStream } from '../base/random.js';
import { createEngine } from './create.js';
import { hostAccelerator } from './device/accelerator.js';
import type { Engine, EngineName, TensorFunction } from './engine.js';
import { engineOnDevice } from './onnx.js';
import type * as tf from './ops.js';
import { npmOrt } from './ort/library.js';
import type { ToHost, Tree } from './tree.js';

export type TestEngine = EngineName | 'device' | 'webgpu';

/**
 * The compiling engine, the same with the host in the place of a device, and the two eager ones that are always there; and
 * TensorFlow's library and a GPU by WebGPU, where EHMAM_TEST_TENSORFLOW and EHMAM_TEST_WEBGPU say that there are such.
 */
export const testEngines: readonly TestEngine[] = [
  'onnx',
  'device',
  'wasm',
  'cpu',
  ...(process.env.EHMAM_TEST_TENSORFLOW ? (['tensorflow'] as const) : []),
  ...(process.env.EHMAM_TEST_WEBGPU ? (['webgpu'] as const) : []),
];

/** An engine on one thread: tests share their processors. */
export async function engineUnderTest(name: TestEngine): Promise<Engine> {
  if (name === 'webgpu') return createEngine('onnx', { provider: 'webgpu', threads: 1 });
  if (name !== 'device') return createEngine(name, { threads: 1 });
  const library = npmOrt();
  // Where ONNX Runtime's C API cannot be called there are no devices.
  if (library === undefined) return createEngine('onnx', { threads: 1 });
  return engineOnDevice(hostAccelerator(library), { provider: 'cpu', threads: 1 });
}

/** Runs a function once. */
export async function runOn<In extends Tree<tf.Tensor>, Out extends Tree<tf.Tensor>>(
  name: TestEngine,
  fn: TensorFunction<In, Out>,
  inputs: ToHost<In>,
): Promise<ToHost<Out>> {
  const [outputs] = await runsOn(name, fn, [inputs]);
  return outputs as ToHost<Out>;
}

/** Runs a function on some inputs of the same shapes, one after the other: it is compiled once. */
export async function runsOn<In extends Tree<tf.Tensor>, Out extends Tree<tf.Tensor>>(
  name: TestEngine,
  fn: TensorFunction<In, Out>,
  inputs: readonly ToHost<In>[],
): Promise<readonly ToHost<Out>[]> {
  const program = (await engineUnderTest(name)).compile(fn, { name: 'function under test' });
  const outputs: ToHost<Out>[] = [];
  for (const each of inputs) outputs.push(await program.run(each));
  await program.dispose();
  return outputs;
}

/** Compiled and eager give the same. */
export async function expectSame(
  fn: (inputs: Record<string, tf.Tensor>) => Record<string, tf.Tensor>,
  inputs: Record<string, HostTensor>,
): Promise<void> {
  const [compiled, eager] = [await runOn('onnx', fn, inputs), await runOn('cpu', fn, inputs)];
  for (const [name, value] of Object.entries(eager))
    expect(distance(compiled[name], value), name).toBeLessThan(1e-5);
}

/** Standard normal values that depend on the shape and the purpose alone. */
export function normals(shape: readonly number[], purpose: string, scale = 1): HostTensor {
  const random = randomStream(5, purpose, ...shape);
  return float32(
    shape,
    Float32Array.from({ length: sizeOf(shape) }, () => random.normal() * scale),
  );
}

/** Largest difference of two tensors of one shape, relative to the second's largest value where that is above 1. */
export function distance(actual: HostTensor | undefined, expected: HostTensor | undefined): number {
  if (actual === undefined || expected === undefined) throw new Error('a tensor is missing');
  expect(actual.shape).toEqual(expected.shape);
  expect(actual.dtype).toBe(expected.dtype);
  const [a, b] = [Array.from(actual.data), Array.from(expected.data)];
  expect(a.length).toBe(b.length);
  const scale = b.reduce((most, y) => (Number.isFinite(y) ? Math.max(most, Math.abs(y)) : most), 1);
  return (
    a.reduce((most, x, i) => Math.max(most, Object.is(x, b[i]) ? 0 : Math.abs(x - (b[i] as number))), 0) /
    scale
  );
}

/** Every leaf of two flat trees within `tolerance`; a failure names the leaf. */
export function expectNear(
  actual: Readonly<Record<string, HostTensor>>,
  expected: Readonly<Record<string, HostTensor>>,
  tolerance: number,
): void {
  expect(Object.keys(actual).sort()).toEqual(Object.keys(expected).sort());
  for (const [name, tensor] of Object.entries(expected))
    expect(distance(actual[name], tensor), name).toBeLessThan(tolerance);
}

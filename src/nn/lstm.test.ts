/** @file The bidirectional LSTM against PyTorch, and compiled against eager. */

import { describe, expect, test } from 'vitest';
import { torchCase } from '../../test/fixtures/torch/recurrent.js';
import { float32, floatsOf, type HostTensor, int32 } from '../base/host-tensor.js';
import { randomStream } from '../base/random.js';
import { engineUnderTest, type TestEngine } from '../engine/engines.fixture.js';
import * as tf from '../engine/ops.js';
import type { Parameters, ToHost } from '../engine/tree.js';
import { bidirectionalLstm } from './lstm.js';

type In = { x: tf.Tensor; lengths: tf.Tensor; weights: tf.Tensor; parameters: Record<string, tf.Tensor> };
type Out = { y: tf.Tensor; gradients: Record<string, tf.Tensor> };

function outputsAndGradients({ x, lengths, weights, parameters }: In): Out {
  const names = Object.keys(parameters);
  const layer = (values: Parameters, input: tf.Tensor): tf.Tensor =>
    bidirectionalLstm(values, 'lstm', input as tf.Tensor3D, lengths as tf.Tensor1D);
  const gradients = tf.grads((...[input, ...leaves]: tf.Tensor[]) => {
    const values = Object.fromEntries(names.map((name, i) => [name, leaves[i] as tf.Tensor]));
    return tf.sum(tf.mul(layer(values, input as tf.Tensor), weights));
  })([x, ...names.map((name) => parameters[name] as tf.Tensor)]);
  return {
    y: layer(parameters, x),
    gradients: Object.fromEntries(['x', ...names].map((name, i) => [name, gradients[i] as tf.Tensor])),
  };
}

async function run(engine: TestEngine, inputs: ToHost<In>): Promise<ToHost<Out>> {
  const program = (await engineUnderTest(engine)).compile(outputsAndGradients, {
    name: 'blstm',
  });
  const outputs = await program.run(inputs);
  await program.dispose();
  return outputs;
}

function expectClose(
  actual: HostTensor | undefined,
  expected: HostTensor | undefined,
  tolerance: number,
): void {
  expect(actual?.shape).toEqual(expected?.shape);
  const [a, b] = [floatsOf(actual as HostTensor), floatsOf(expected as HostTensor)];
  expect(a.reduce((most, value, i) => Math.max(most, Math.abs(value - (b[i] as number))), 0)).toBeLessThan(
    tolerance,
  );
}

describe.each(['cpu', 'onnx', 'device'] as const)('a bidirectional LSTM on %s', (engine) => {
  test("gives PyTorch's outputs and gradients on packed sequences", async () => {
    const torch = torchCase('lstm');
    const names = torch.names('parameters');
    const outputs = await run(engine, {
      x: torch.floats('inputs', 'x'),
      lengths: torch.integers('inputs', 'lengths'),
      weights: torch.floats('inputs', 'weights'),
      parameters: Object.fromEntries(names.map((name) => [`lstm.${name}`, torch.floats('parameters', name)])),
    });
    expectClose(outputs.y, torch.floats('outputs', 'y'), 1e-5);
    expectClose(outputs.gradients.x, torch.floats('gradients', 'x'), 1e-5);
    for (const name of names) {
      expectClose(outputs.gradients[`lstm.${name}`], torch.floats('gradients', name), 2e-5);
    }
  });
});

test('a bidirectional LSTM compiled equals the eager one, and padding never reaches a result', async () => {
  const inputs = randomInputs(7);
  const [eager, compiled] = [await run('cpu', inputs), await run('onnx', inputs)];
  expectClose(compiled.y, eager.y, 1e-5);
  for (const [name, gradient] of Object.entries(eager.gradients))
    expectClose(compiled.gradients[name], gradient, 1e-4);

  const [batch, frames, width] = inputs.x.shape as [number, number, number];
  const lengths = inputs.lengths.data;
  const polluted = floatsOf(inputs.x).map((value, i) => {
    const [b, t] = [Math.floor(i / (frames * width)), Math.floor(i / width) % frames];
    return t < (lengths[b] as number) ? value : 99;
  });
  const other = await run('onnx', { ...inputs, x: float32([batch, frames, width], polluted) });
  expectClose(other.y, compiled.y, 1e-6);
  for (const [name, gradient] of Object.entries(compiled.gradients))
    expectClose(other.gradients[name], gradient, 1e-6);
});

test('wide layers learn as narrow ones do', async () => {
  const narrow = randomInputs(3);
  const wide = 520; // 8.7 MB of recurrent weights
  // Units without any weight put out 0, so the others are a narrow layer.
  const spread = (name: string, tensor: HostTensor): HostTensor =>
    widenedBy(wide, tensor, name.includes('weight_hh') ? [4, 1] : name.includes('bias') ? [4] : [4, 0]);
  const inputs = {
    ...narrow,
    weights: widenedBy(wide, narrow.weights, [2]),
    parameters: Object.fromEntries(
      Object.entries(narrow.parameters).map(([name, tensor]) => [name, spread(name, tensor)]),
    ),
  };
  const [expected, actual] = [await run('onnx', narrow), await run('onnx', inputs)];
  expectClose(actual.gradients.x, expected.gradients.x, 1e-5);
  for (const [name, gradient] of Object.entries(expected.gradients)) {
    if (name === 'x') continue;
    const placed = spread(name, gradient);
    const ofNarrow = floatsOf(actual.gradients[name] as HostTensor).map((value, i) =>
      placed.data[i] === 0 ? 0 : value,
    );
    expectClose(float32(placed.shape, ofNarrow), placed, 1e-5);
  }
});

/**
 * The tensor of a layer of so many units, zero but for the first ones.
 * @param groups of each of its last axes, how many groups of units it has (4 gates, 2 directions), 0 for none
 */
function widenedBy(units: number, { shape, data }: HostTensor, groups: readonly number[]): HostTensor {
  const first = shape.length - groups.length;
  const wider = shape.map((length, axis) => {
    const count = groups[axis - first] ?? 0;
    return count === 0 ? length : count * units;
  });
  const values = new Float32Array(wider.reduce((a, b) => a * b, 1));
  data.forEach((value, i) => {
    let [rest, at, stride] = [i, 0, 1];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const length = shape[axis] as number;
      const index = rest % length;
      rest = Math.floor(rest / length);
      const count = groups[axis - first] ?? 0;
      const own = count === 0 ? length : length / count;
      at += stride * (count === 0 ? index : Math.floor(index / own) * units + (index % own));
      stride *= wider[axis] as number;
    }
    values[at] = Number(value);
  });
  return float32(wider, values);
}

function randomInputs(seed: number): ToHost<In> {
  const [batch, frames, width, size] = [4, 15, 5, 6];
  const random = randomStream(seed, 'lstm test');
  const draw = (...shape: number[]): HostTensor =>
    float32(
      shape,
      Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random.normal() / 2),
    );
  const parameters = Object.fromEntries(
    ['', '_reverse'].flatMap((direction) => [
      [`lstm.weight_ih_l0${direction}`, draw(4 * size, width)],
      [`lstm.weight_hh_l0${direction}`, draw(4 * size, size)],
      [`lstm.bias_ih_l0${direction}`, draw(4 * size)],
      [`lstm.bias_hh_l0${direction}`, draw(4 * size)],
    ]),
  );
  return {
    x: draw(batch, frames, width),
    lengths: int32([batch], [15, 1, 9, 14]),
    weights: draw(batch, frames, 2 * size),
    parameters,
  };
}

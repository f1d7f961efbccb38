/** @file Every layer's gradient equals finite differences, compiled and eager; gradients of a whole loss. */

import { describe, expect, it } from 'vitest';
import { float32, floatsOf, type HostParameters, int32, sizeOf } from '../base/host-tensor.js';
import { tensorOf } from '../engine/constants.js';
import { engineUnderTest, normals, runOn } from '../engine/engines.fixture.js';
import * as tf from '../engine/ops.js';
import type { Parameters } from '../engine/tree.js';
import { alibiBias, attention, framePositions } from './attention.js';
import { type ConvSettings, conv1d } from './conv1d.js';
import { dropout } from './dropout.js';
import { gatherRows } from './gather-rows.js';
import { gelu } from './gelu.js';
import { lossAndGradients } from './gradients.js';
import { groupNorm } from './group-norm.js';
import { layerSum } from './layer-sum.js';
import { linear } from './linear.js';
import { instanceNorm, layerNorm } from './norm.js';
import { ownSteps } from './own-steps.js';
import { transformerBlock } from './transformer.js';

interface LayerCase {
  /** Shapes of what the layer is differentiated with respect to; `x` is its input. */
  readonly leaves: Readonly<Record<string, readonly number[]>>;
  readonly layer: (leaves: Parameters) => tf.Tensor;
}

const at = (leaves: Parameters, name: string): tf.Tensor => leaves[name] as tf.Tensor;
const width = 4;
const x = { x: [2, 5, width] };
const affine = { 'n.weight': [width], 'n.bias': [width] };
const selfAttention = (name: string) => ({
  [`${name}.qkv.weight`]: [3 * width, width],
  [`${name}.qkv.bias`]: [3 * width],
  [`${name}.proj.weight`]: [width, width],
  [`${name}.proj.bias`]: [width],
});
const block = {
  ...x,
  ...selfAttention('b.attn'),
  'b.norm1.weight': [width],
  'b.norm1.bias': [width],
  'b.mlp.fc1.weight': [6, width],
  'b.mlp.fc1.bias': [6],
  'b.mlp.fc2.weight': [width, 6],
  'b.mlp.fc2.bias': [width],
  'b.norm2.weight': [width],
  'b.norm2.bias': [width],
  scale: [1, 2, 1, 1],
};
const { 'b.norm2.weight': _weight, 'b.norm2.bias': _bias, ...withoutSecondNorm } = block;
/** Under an ALiBi bias with a learned scale, as the encoder has it. */
const transformer =
  (normFirst: boolean, which: 'x' | 'mlp') =>
  (leaves: Parameters): tf.Tensor => {
    const bias = alibiBias(framePositions(at(leaves, 'x')), 2).mul(at(leaves, 'scale'));
    return transformerBlock(leaves, 'b', at(leaves, 'x'), bias, { heads: 2, normFirst, normEpsilon: 1e-5 })[
      which
    ];
  };
const convolution = (taps: number, settings: ConvSettings): LayerCase => ({
  leaves: { x: [2, 4, 9], 'c.weight': [6, 4 / (settings.groups ?? 1), taps], 'c.bias': [6] },
  layer: (leaves) => conv1d(leaves, 'c', at(leaves, 'x'), settings),
});

const choice = {
  index: int32([3], [4, 0, 2]),
  inverse: int32([5], [1, 0, 2, 0, 0]),
  picked: float32([5], [1, 0, 1, 0, 1]),
};

const cases: Readonly<Record<string, LayerCase>> = {
  linear: {
    leaves: { ...x, 'l.weight': [3, width], 'l.bias': [3] },
    layer: (leaves) => linear(leaves, 'l', at(leaves, 'x')),
  },
  gelu: { leaves: x, layer: (leaves) => gelu(at(leaves, 'x')) },
  'layer norm': { leaves: { ...x, ...affine }, layer: (leaves) => layerNorm(leaves, 'n', at(leaves, 'x')) },
  'group norm': {
    leaves: { x: [2, width, 5], ...affine },
    layer: (leaves) => groupNorm(leaves, 'n', at(leaves, 'x'), { groups: 2 }),
  },
  'group norm, a group a channel': {
    leaves: { x: [2, width, 5], ...affine },
    layer: (leaves) => groupNorm(leaves, 'n', at(leaves, 'x'), { groups: width }),
  },
  'group norm of rows of 5 and 3 steps': {
    leaves: { x: [2, width, 5], ...affine },
    layer: (leaves) => {
      const own = ownSteps(tf.tensor1d([5, 3], 'int32'), at(leaves, 'x'), 2);
      return groupNorm(leaves, 'n', at(leaves, 'x'), { groups: 2, own });
    },
  },
  'instance norm': { leaves: x, layer: (leaves) => instanceNorm(at(leaves, 'x')) },
  'convolution, odd kernel': convolution(3, { padding: 'same' }),
  'convolution, even kernel': convolution(4, { padding: 'same' }),
  'convolution, stride 2': convolution(3, { stride: 2 }),
  'convolution, stride 3 and an even kernel': convolution(2, { stride: 3, padding: 1 }),
  'convolution, groups': convolution(5, { padding: 'same', groups: 2 }),
  'convolution, groups and stride': convolution(3, { stride: 2, padding: 2, groups: 2 }),
  attention: {
    leaves: { ...x, ...selfAttention('a'), bias: [2, 2, 5, 5] },
    layer: (leaves) => attention(leaves, 'a', at(leaves, 'x'), at(leaves, 'bias'), { heads: 2 }),
  },
  'a block with norms behind': { leaves: block, layer: transformer(false, 'x') },
  'a block with norms before': { leaves: block, layer: transformer(true, 'x') },
  "a block's MLP": { leaves: withoutSecondNorm, layer: transformer(false, 'mlp') },
  'the sum of layers': {
    leaves: { x: [3, 2, 4], weights: [3] },
    layer: (leaves) => layerSum(at(leaves, 'weights'), at(leaves, 'x')),
  },
  'picked rows': {
    leaves: { x: [5, 3] },
    layer: (leaves) =>
      gatherRows(at(leaves, 'x'), {
        index: tensorOf(choice.index),
        inverse: tensorOf(choice.inverse),
        picked: tensorOf(choice.picked),
      }),
  },
  dropout: { leaves: x, layer: (leaves) => dropout(at(leaves, 'x'), 0.4, tf.scalar(5, 'int32'), 'here') },
};

/** Half the distance of the two points that a finite difference looks at. */
const h = 0.01;

/** Unit vectors in the leaves' spaces. */
function directions(leaves: LayerCase['leaves']): HostParameters {
  return Object.fromEntries(
    Object.entries(leaves).map(([name, shape]) => {
      const draw = normals(shape, `direction ${name}`);
      const norm = Math.hypot(...draw.data);
      return [
        name,
        float32(
          shape,
          floatsOf(draw).map((value) => value / norm),
        ),
      ];
    }),
  );
}

describe.each(['onnx', 'cpu'] as const)('gradients on %s equal finite differences', async (name) => {
  const engine = await engineUnderTest(name);
  it.each(Object.entries(cases))('%s', async (_layer, { leaves, layer }) => {
    const names = Object.keys(leaves);
    const measure = (inputs: { leaves: Parameters; along: Parameters; upstream: tf.Tensor }) => {
      const loss = (values: Parameters): tf.Scalar => layer(values).mul(inputs.upstream).sum();
      const gradients = tf.grads((...values) =>
        loss(Object.fromEntries(names.map((key, i) => [key, values[i] as tf.Tensor]))),
      )(names.map((key) => at(inputs.leaves, key)));
      const moved = (key: string, step: number): tf.Tensor =>
        loss({ ...inputs.leaves, [key]: at(inputs.leaves, key).add(at(inputs.along, key).mul(step)) });
      const perLeaf = (value: (key: string, i: number) => tf.Tensor) =>
        Object.fromEntries(names.map((key, i) => [key, value(key, i)]));
      return {
        slope: perLeaf((key, i) =>
          at(inputs.along, key)
            .mul(gradients[i] as tf.Tensor)
            .sum(),
        ),
        ahead: perLeaf((key) => moved(key, h)),
        behind: perLeaf((key) => moved(key, -h)),
      };
    };
    const values = Object.fromEntries(names.map((key) => [key, normals(leaves[key] as number[], key, 0.7)]));
    const shape = (
      await runOn('cpu', ({ given }: { given: Parameters }) => ({ y: layer(given) }), { given: values })
    ).y.shape;
    const program = engine.compile(measure, { name: _layer });
    const upstream = normals(shape, 'upstream', 1 / Math.sqrt(sizeOf(shape)));
    const { slope, ahead, behind } = await program.run({
      leaves: values,
      along: directions(leaves),
      upstream,
    });
    await program.dispose();
    const number = (tree: HostParameters, key: string): number => tree[key]?.data[0] as number;
    for (const key of names) {
      const difference = (number(ahead, key) - number(behind, key)) / (2 * h);
      expect(Math.abs(number(slope, key) - difference), key).toBeLessThan(1e-3 * (1 + Math.abs(difference)));
    }
    expect(names.some((key) => Math.abs(number(slope, key)) > 1e-3)).toBe(true);
  });
});

describe('the gradients of a loss', () => {
  const fn = (parameters: Parameters) => {
    const { loss, gradients, auxiliary } = lossAndGradients(parameters, ({ a, b }) => {
      const square = (a as tf.Tensor).square();
      return { loss: square.sum().add((b as tf.Tensor).mul(3)), auxiliary: { square } };
    });
    return { loss: loss as tf.Tensor, gradients, auxiliary };
  };
  const inputs = { a: float32([2], [1, -2]), b: float32([], [5]), unused: float32([3], [1, 1, 1]) };

  it.each(['onnx', 'cpu', 'wasm'] as const)(
    'come with the loss and what was made on the way, on %s',
    async (engine) => {
      expect(await runOn(engine, fn, inputs)).toEqual({
        loss: float32([], [20]),
        gradients: { a: float32([2], [2, -4]), b: float32([], [3]), unused: float32([3]) },
        auxiliary: { square: float32([2], [1, 4]) },
      });
    },
  );

  it('leave no tensors behind on an eager engine', async () => {
    const program = (await engineUnderTest('cpu')).compile(fn, { name: 'loss' });
    await program.run(inputs);
    const before = tf.memory().numTensors;
    for (let run = 0; run < 3; run++) await program.run(inputs);
    expect(tf.memory().numTensors).toBe(before);
  });
});

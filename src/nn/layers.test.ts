/** @file Layers against PyTorch, outputs and gradients, on every engine. */

import { describe, expect, it } from 'vitest';
import type { HostParameters } from '../base/host-tensor.js';
import { distance, expectNear, runOn, testEngines } from '../engine/engines.fixture.js';
import * as tf from '../engine/ops.js';
import type { Parameters } from '../engine/tree.js';
import { attention, paddingBias } from './attention.js';
import { conv1d } from './conv1d.js';
import { gelu } from './gelu.js';
import { groupNorm } from './group-norm.js';
import { instanceNorm, layerNorm } from './norm.js';
import { leaf, torchLayer } from './torch-layers.fixture.js';

type Layer = (
  parameters: Parameters,
  inputs: Parameters,
  settings: Readonly<Record<string, number>>,
) => tf.Tensor;

const x = ({ x: input }: Parameters): tf.Tensor => input as tf.Tensor;

const layers: readonly [name: string, layer: Layer][] = [
  ['layer_norm', (parameters, inputs) => layerNorm(parameters, 'layer', x(inputs))],
  ['layer_norm_without_affine', (parameters, inputs) => layerNorm(parameters, 'layer', x(inputs))],
  [
    'group_norm',
    (parameters, inputs, { groups }) =>
      groupNorm(parameters, 'layer', x(inputs), { groups: groups as number }),
  ],
  // PyTorch's channels come before time.
  ['instance_norm', (_none, inputs) => instanceNorm(x(inputs).transpose([0, 2, 1])).transpose([0, 2, 1])],
  ['gelu', (_none, inputs) => gelu(x(inputs))],
  ['conv1d_stride2', (parameters, inputs, settings) => conv1d(parameters, 'layer', x(inputs), settings)],
  [
    'conv1d_grouped_same',
    (parameters, inputs, { groups }) =>
      conv1d(parameters, 'layer', x(inputs), { padding: 'same', groups: groups as number }),
  ],
  [
    'multi_head_attention',
    (parameters, inputs, { heads }) => {
      const bias = (inputs.bias as tf.Tensor).add(paddingBias(inputs.keyPaddingMask as tf.Tensor));
      return attention(parameters, 'layer', x(inputs), bias, { heads: heads as number });
    },
  ],
];

const under = (parameters: HostParameters): HostParameters =>
  Object.fromEntries(Object.entries(parameters).map(([name, value]) => [`layer.${name}`, value]));

describe.each(testEngines)("PyTorch's outputs and gradients on %s", (engine) => {
  it.each(layers)('%s', async (name, layer) => {
    const torch = torchLayer(name);
    const wanted = Object.keys(torch.gradients);
    const outputsAndGradients = ({ parameters, inputs }: { parameters: Parameters; inputs: Parameters }) => {
      const leaves = wanted.map((key) => (inputs[key] ?? parameters[`layer.${key}`]) as tf.Tensor);
      const run = (...values: tf.Tensor[]): tf.Tensor => {
        const given = Object.fromEntries(wanted.map((key, i) => [key, values[i] as tf.Tensor]));
        const replaced = (tree: Parameters, prefix: string): Parameters =>
          Object.fromEntries(
            Object.entries(tree).map(([key, value]) => [key, given[key.slice(prefix.length)] ?? value]),
          );
        return layer(replaced(parameters, 'layer.'), replaced(inputs, ''), torch.settings);
      };
      const gradients = tf.grads((...values) =>
        run(...values)
          .mul(inputs.upstream as tf.Tensor)
          .sum(),
      )(leaves);
      return {
        y: run(...leaves),
        gradients: Object.fromEntries(wanted.map((key, i) => [key, gradients[i] as tf.Tensor])),
      };
    };
    const outputs = await runOn(engine, outputsAndGradients, {
      parameters: under(torch.parameters),
      inputs: torch.inputs,
    });
    expect(distance(outputs.y, leaf(torch.outputs, 'y'))).toBeLessThan(1e-5);
    expectNear(outputs.gradients, torch.gradients, 1e-5);
  });
});

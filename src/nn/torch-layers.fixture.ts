/** @file PyTorch's values of test/fixtures/torch/layers.json as host tensors. */
import { readFileSync } from 'node:fs';
import { float32, type HostParameters, type HostTensor } from '../base/host-tensor.js';

interface Plain {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}
type Group = Readonly<Record<string, Plain>>;
interface PlainCase {
  readonly settings: Readonly<Record<string, number>>;
  readonly inputs: Group;
  readonly parameters: Group;
  readonly outputs: Group;
  readonly gradients: Group;
}

export interface TorchLayer {
  readonly settings: Readonly<Record<string, number>>;
  readonly inputs: HostParameters;
  readonly parameters: HostParameters;
  readonly outputs: HostParameters;
  readonly gradients: HostParameters;
}

const file = new URL('../../test/fixtures/torch/layers.json', import.meta.url);
const cases = JSON.parse(readFileSync(file, 'utf8')) as Record<string, PlainCase>;

const hosts = (group: Group): HostParameters =>
  Object.fromEntries(Object.entries(group).map(([name, { shape, data }]) => [name, float32(shape, data)]));

export function torchLayer(name: string): TorchLayer {
  const found = cases[name];
  if (found === undefined) throw new Error(`layers.json has no case ${name}`);
  const { settings, inputs, parameters, outputs, gradients } = found;
  return {
    settings,
    inputs: hosts(inputs),
    parameters: hosts(parameters),
    outputs: hosts(outputs),
    gradients: hosts(gradients),
  };
}

/** The leaf of that name; an error if there is none. */
export function leaf(group: HostParameters, name: string): HostTensor {
  const tensor = group[name];
  if (tensor === undefined) throw new Error(`there is no ${name}`);
  return tensor;
}

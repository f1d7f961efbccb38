/** @file The encoder against the outputs of PyTorch, with whatever sizes the fixture's checkpoint has. */
import { join } from 'node:path';
import type * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { constants } from '../engine/constants.js';
import { createEngine } from '../engine/create.js';
import { floatsOf, type HostTensor } from '../engine/tree.js';
import { encode, localFeatures, projectFeatures, relativePosition } from './ehmam.js';
import type { EhmamConfig } from './ehmamConfig.js';
import { loadEncoder } from './load.js';
import { readSafetensors } from './safetensors.js';

const own = ['test/fixtures/ehmam-official', 'test/fixtures/ehmam-12-heads'];
const { EHMAM_FIXTURE } = process.env;

const distance = (a: HostTensor | undefined, b: HostTensor | undefined): number => {
  if (a === undefined || b === undefined) throw new Error('a tensor is missing');
  expect(a.shape).toEqual(b.shape);
  const [x, y] = [floatsOf(a), floatsOf(b)];
  return x.reduce((most, value, i) => Math.max(most, Math.abs(value - (y[i] as number))), 0);
};

describe.each(EHMAM_FIXTURE === undefined ? own : [EHMAM_FIXTURE])('the model of %s', async (folder) => {
  const encoder = await loadEncoder(join(folder, 'tiny.pt'));
  const config = encoder.config as EhmamConfig;
  const { tensors: reference } = await readSafetensors(join(folder, 'reference.safetensors'));
  const utterances = Object.keys(reference).flatMap((key) => /^features\.(.+)\.input$/.exec(key)?.[1] ?? []);

  it.each(['onnx', 'wasm'] as const)('has every output of the reference on the engine %s', async (name) => {
    const engine = await createEngine(name);
    const program = engine.compile(
      ({ waveform }: { waveform: tf.Tensor }) => {
        const parameters = constants(encoder.parameters);
        const local = localFeatures(config, parameters, waveform);
        const projected = projectFeatures(parameters, local);
        const { hiddenStates, mlpOutputs } = encode(config, parameters, waveform);
        const named = (prefix: string, tensors: readonly tf.Tensor[]) =>
          Object.fromEntries(tensors.map((tensor, i) => [`${prefix}.${i}`, tensor]));
        const blocks = hiddenStates.slice(1 + config.prenetBlocks);
        return {
          conv: local.transpose([0, 2, 1]),
          projected,
          pos: relativePosition(config, parameters, projected),
          ...named('prenet', hiddenStates.slice(1, 1 + config.prenetBlocks)),
          ...named('block', blocks),
          ...named('ffn', mlpOutputs),
          x: blocks.at(-1) as tf.Tensor,
        };
      },
      { name: 'official encoder', dynamicAxes: { waveform: 1 } },
    );
    // Two lengths: the second runs in the session made for the first.
    expect(utterances.length).toBeGreaterThan(1);
    for (const which of utterances) {
      const outputs = await program.run({ waveform: reference[`features.${which}.input`] as HostTensor });
      const prefix = `features.${which}.`;
      const expected = Object.keys(reference).filter(
        (key) => key.startsWith(prefix) && !key.endsWith('.input'),
      );
      expect(expected).toContain(`${prefix}block.${config.blocks - 1}`);
      const named: Readonly<Record<string, HostTensor>> = outputs;
      for (const key of expected) {
        expect(distance(named[key.slice(prefix.length)], reference[key]), key).toBeLessThan(1e-4);
      }
    }
  });
});

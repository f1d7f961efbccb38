import { join } from 'node:path';
import type * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { constants } from '../engine/constants.js';
import { createEngine } from '../engine/create.js';
import { floatsOf, type HostTensor } from '../engine/tree.js';
import { encode } from './ehmam.js';
import type { EhmamConfig } from './ehmamConfig.js';
import { loadEncoder } from './load.js';
import { readSafetensors } from './safetensors.js';

const folder = process.env.EHMAM_FIXTURE ?? 'test/fixtures/ehmam-official';

const distance = (a: HostTensor | undefined, b: HostTensor | undefined): number => {
  if (a === undefined || b === undefined) throw new Error('a tensor is missing');
  expect(a.shape).toEqual(b.shape);
  const [x, y] = [floatsOf(a), floatsOf(b)];
  return x.reduce((most, value, i) => Math.max(most, Math.abs(value - (y[i] as number))), 0);
};

describe('the official model', async () => {
  const encoder = await loadEncoder(join(folder, 'tiny'));
  const config = encoder.config as EhmamConfig;
  const { tensors: reference } = await readSafetensors(join(folder, 'reference.safetensors'));

  it.each(['onnx', 'wasm'] as const)(
    'has every block output of the reference on the engine %s',
    async (name) => {
      const engine = await createEngine(name);
      const program = engine.compile(
        ({ waveform }: { waveform: tf.Tensor }) => {
          const { hiddenStates, mlpOutputs } = encode(config, constants(encoder.parameters), waveform);
          const named = (prefix: string, tensors: readonly tf.Tensor[]) =>
            Object.fromEntries(tensors.map((tensor, i) => [`${prefix}.${i}`, tensor]));
          const blocks = hiddenStates.slice(1 + config.prenetBlocks);
          return {
            ...named('prenet', hiddenStates.slice(1, 1 + config.prenetBlocks)),
            ...named('block', blocks),
            ...named('ffn', mlpOutputs),
            x: blocks.at(-1) as tf.Tensor,
          };
        },
        { name: 'official encoder', dynamicAxes: { waveform: 1 } },
      );
      // Two lengths: the second runs in the session made for the first.
      for (const which of ['a', 'b']) {
        const outputs = await program.run({ waveform: reference[`features.${which}.input`] as HostTensor });
        for (const [path, value] of Object.entries(outputs)) {
          expect(distance(value as HostTensor, reference[`features.${which}.${path}`])).toBeLessThan(1e-4);
        }
      }
    },
  );
});

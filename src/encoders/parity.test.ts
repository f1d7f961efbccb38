/** @file The encoder against the outputs of PyTorch, with whatever sizes the fixture's checkpoint has. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type HostTensor, int32 } from '../base/host-tensor.js';
import { constants } from '../engine/constants.js';
import { createEngine } from '../engine/create.js';
import type * as tf from '../engine/ops.js';
import {
  encode,
  localFeatures,
  ownFrames,
  projectFeatures,
  relativePosition,
  transformer,
} from './families/ehmam.js';
import type { EhmamConfig } from './families/ehmam-config.js';
import { loadEncoder } from './load.js';
import { apart, entry, namesUnder, official, readReference, referenceFolders } from './reference.fixture.js';

describe.each(referenceFolders)('the model of %s', async (folder) => {
  const encoder = await loadEncoder(join(folder, 'tiny.pt'));
  const config = encoder.config as EhmamConfig;
  const reference = await readReference(folder);
  const utterances = Object.keys(reference).flatMap((key) => /^features\.(.+)\.input$/.exec(key)?.[1] ?? []);

  it.each(['onnx', 'wasm'] as const)('has every output of the reference on the engine %s', async (name) => {
    const engine = await createEngine(name);
    const program = engine.compile(
      ({ waveform }: { waveform: tf.Tensor }) => {
        const parameters = constants(encoder.parameters);
        const local = localFeatures(config, parameters, waveform);
        const projected = projectFeatures(parameters, local);
        const { hiddenStates, mlpOutputs } = encode(config, parameters, { waveform });
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
      const outputs = await program.run({ waveform: entry(reference, `features.${which}.input`) });
      const prefix = `features.${which}.`;
      const expected = namesUnder(reference, prefix).filter((key) => key !== 'input');
      expect(expected).toContain(`block.${config.blocks - 1}`);
      const named: Readonly<Record<string, HostTensor>> = outputs;
      for (const key of expected)
        expect(apart(named[key], entry(reference, prefix + key)), key).toBeLessThan(1e-4);
    }
  });

  if (namesUnder(reference, 'padded.').length > 0) {
    it.each(['onnx', 'wasm'] as const)('gives a padded batch as the reference does on %s', async (name) => {
      const waveform = entry(reference, 'padded.input');
      const samples = unpadded(entry(reference, 'padded.input_padding_mask'));
      const program = (await createEngine(name)).compile(
        (inputs: { waveform: tf.Tensor; lengths: tf.Tensor }) => {
          // The parts of `encode`, but that the position sees the padding, as in the released code.
          const parameters = constants(encoder.parameters);
          const features = localFeatures(config, parameters, inputs.waveform);
          const padding = (ownFrames(config, features, inputs.lengths) as tf.Tensor).logicalNot();
          const projected = projectFeatures(parameters, features);
          const { hiddenStates } = transformer(config, parameters, {
            x: projected.add(relativePosition(config, parameters, projected)),
            padding,
          });
          return { x: hiddenStates.at(-1) as tf.Tensor, padding };
        },
        { name: 'padded batch' },
      );
      const { x, padding } = await program.run({ waveform, lengths: int32([samples.length], samples) });
      expect(Array.from(padding.data)).toEqual(
        Array.from(entry(reference, 'padded.padding_mask').data, Number),
      );
      await program.dispose();
      expect(x.shape).toEqual(entry(reference, 'padded.x').shape);
      // Frames of padding, too, have the values that they have there.
      expect(apart(x, entry(reference, 'padded.x'))).toBeLessThan(1e-4);
    });
  }
});

/** Samples of each row that are no padding. */
function unpadded(mask: HostTensor): number[] {
  const [batch, samples] = mask.shape as [number, number];
  return Array.from(
    { length: batch },
    (_, b) => Array.from(mask.data.slice(b * samples, (b + 1) * samples)).filter((bit) => bit === 0).length,
  );
}

it("the released code's own fixture has a padded batch to compare with", async () => {
  const reference = await readReference(official);
  expect(unpadded(entry(reference, 'padded.input_padding_mask'))[1]).toBeLessThan(
    entry(reference, 'padded.input').shape[1] as number,
  );
});

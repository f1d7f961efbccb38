/** @file Families that plug-ins bring are used like built-in ones: by folder, by preset, in lists. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { EncoderFamily } from '../api/encoder-family.js';
import { float32, floatsOf } from '../base/host-tensor.js';
import { catalogue } from '../cli/list/catalogue.js';
import { engineUnderTest } from '../engine/engines.fixture.js';
import { extractHiddenStates } from '../features/extract.js';
import { writeSafetensors } from '../formats/safetensors.js';
import { conv1d } from '../nn/conv1d.js';
import { ownOnly, ownSteps, windowCounts } from '../nn/own-steps.js';
import { loadEncoder } from './load.js';
import { encoderFamilies } from './registry.js';

interface FramesConfig {
  readonly family: 'frames';
  readonly hop: number;
  readonly width: number;
  readonly warmth: number;
}

/** Frames of `hop` samples through one matrix. */
const frames: EncoderFamily<FramesConfig> = {
  name: 'frames',
  schema: z.strictObject({
    family: z.literal('frames'),
    hop: z.int().positive(),
    width: z.int().positive(),
    warmth: z.number().default(1),
  }),
  presets: { narrow: { family: 'frames', hop: 8, width: 3, warmth: 1 } },
  trainingSettings: ['warmth'],
  parameters: ({ hop, width }) => ({ 'in.weight': { shape: [width, 1, hop], start: { bound: 1 } } }),
  forward: ({ hop }, parameters, { waveform, lengths }) => {
    const x = conv1d(parameters, 'in', waveform.expandDims(1), { stride: hop }).transpose([0, 2, 1]);
    return [ownOnly(x, lengths && ownSteps(windowCounts(lengths, hop, hop), x, 1))];
  },
  dims: ({ width }) => [width],
  normalizesWaveform: () => false,
  minimumSamples: ({ hop }) => hop,
  hopSamples: ({ hop }) => hop,
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-family-'));
  encoderFamilies.register(frames, './frames.js');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const weights = { 'in.weight': float32([2, 1, 4], [1, 0, 0, 0, 0, 0, 0, 2]) };
const write = (settings: object): Promise<void> =>
  writeFile(join(folder, 'config.json'), JSON.stringify({ family: 'frames', hop: 4, width: 2, ...settings }));

describe('a family of a plug-in', () => {
  it('is loaded from a folder whose config.json names it, and run', async () => {
    await write({});
    await writeSafetensors(join(folder, 'model.safetensors'), weights);
    const encoder = await loadEncoder(folder);
    expect(encoder).toMatchObject({ family: 'frames', dims: [2], hopSamples: 4, config: { warmth: 1 } });
    const extract = extractHiddenStates(await engineUnderTest('onnx'), encoder);
    const [state] = await extract(Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9));
    await extract.dispose();
    expect(state?.shape).toEqual([2, 2]);
    expect([...floatsOf(state as NonNullable<typeof state>)]).toEqual([1, 8, 5, 16]);
  });

  it('has a hash over all of its settings but those of training', async () => {
    await write({});
    await writeSafetensors(join(folder, 'model.safetensors'), weights);
    const { hash } = await loadEncoder(folder);
    await write({ warmth: 5 });
    const warmer = await loadEncoder(folder);
    expect(warmer.config).toMatchObject({ warmth: 5 });
    expect(warmer.hash).toBe(hash);
  });

  it('is judged by its own schema', async () => {
    await write({ hop: 0 });
    await expect(loadEncoder(folder)).rejects.toThrow(/config\.json: invalid value for 'hop': /);
  });

  it('is named by its presets, and listed with them', async () => {
    const encoder = await loadEncoder('random:narrow', 1);
    expect(encoder).toMatchObject({ name: 'random:narrow', family: 'frames', dims: [3] });
    expect((await loadEncoder('random:narrow', 2)).hash).not.toBe(encoder.hash);
    const listed = (await catalogue.encoders()).find(({ name }) => name === 'random:narrow');
    expect(listed).toMatchObject({
      summary: 'family frames: 1 hidden state, 3 wide, a frame every 0.5 ms',
      family: 'frames',
      dims: [3],
      hopMilliseconds: 0.5,
    });
    await expect(loadEncoder('random:wide')).rejects.toThrow(
      /unknown preset 'wide'.*base, small, tiny, narrow/,
    );
  });

  it('must have hidden states of one width', async () => {
    const uneven: EncoderFamily<{ readonly family: 'uneven' }> = {
      name: 'uneven',
      schema: z.object({ family: z.literal('uneven') }),
      parameters: () => ({}),
      forward: () => [],
      dims: () => [3, 4],
      normalizesWaveform: () => false,
      minimumSamples: () => 1,
      hopSamples: () => 1,
    };
    encoderFamilies.register(uneven, './uneven.js');
    await writeFile(join(folder, 'config.json'), '{"family":"uneven"}');
    await expect(loadEncoder(folder)).rejects.toThrow(
      /'uneven' has hidden states of different widths \[3, 4\]/,
    );
  });

  it('may not take the name of another, nor of a preset of another', () => {
    const other = { ...frames, presets: {} };
    expect(() => encoderFamilies.register({ ...other, name: 'fbank' }, './mine.js')).toThrow(
      /plug-in '\.\/mine\.js': duplicate encoder family 'fbank', which is built in/,
    );
    const same = {
      ...frames,
      name: 'more-frames',
      presets: { tiny: frames.presets?.narrow as FramesConfig },
    };
    expect(() => encoderFamilies.register(same, './mine.js')).toThrow(
      /plug-in '\.\/mine\.js': duplicate encoder preset 'random:tiny' \(also in the family 'ehmam'\)/,
    );
    expect(encoderFamilies.has('more-frames')).toBe(false);
  });
});

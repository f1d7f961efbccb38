/** @file The official trainer's settings as ours: what is read from where, and what is refused. */
import { describe, expect, it } from 'vitest';
import { UserError } from '../../base/errors.js';
import { settingsFromOfficial } from './config.js';
import { readOfficialEncoder } from './weights.js';

type Json = { [name: string]: Json | string | number | boolean | null };
const { origin } = await readOfficialEncoder('test/fixtures/ehmam-official/tiny.pt', 'student');
const official = origin.training;

/** The settings with one of them, named by its path, set to another value; undefined leaves it out. */
function changed(path: string, value: Json[string] | undefined): unknown {
  const copy = structuredClone(official) as Json;
  const names = path.split('.');
  const last = names.pop() as string;
  const place = names.reduce((node, name) => node[name] as Json, copy);
  if (value === undefined) delete place[last];
  else place[last] = value;
  return copy;
}

describe('official settings', () => {
  it('give the encoder that the trainer would build', () => {
    const { config, topBlocks } = settingsFromOfficial(official, 'a.pt');
    expect(topBlocks).toBe(3);
    expect(config).toMatchObject({
      frontend: { type: 'conv', layers: [[24, 10, 5], ...Array(4).fill([24, 3, 2]), [24, 2, 2], [24, 2, 2]] },
      normalizeWaveform: true,
      width: 48,
      heads: 4,
      prenetBlocks: 2,
      blocks: 3,
      normFirst: false,
      // fairseq: max(3, conv_pos_width // conv_pos_depth) = 57 // 3.
      position: { kernel: 19, layers: 3, groups: 4 },
      decoder: { width: 32, groups: 4, kernel: 7, layers: 3 },
    });
  });

  it('may spell the convolutions as Python does', () => {
    const spec = '[(512, 10, 5)] + [(512,3,2), (256,3,2)] * 2 + [ (512,2,2), ]';
    const { config } = settingsFromOfficial(
      changed('model.modalities.audio.feature_encoder_spec', spec),
      'a.pt',
    );
    expect(config.frontend).toEqual({
      type: 'conv',
      layers: [
        [512, 10, 5],
        [512, 3, 2],
        [256, 3, 2],
        [512, 3, 2],
        [256, 3, 2],
        [512, 2, 2],
      ],
    });
  });

  it.each([
    ['model.depth', undefined],
    ['model.embed_dim', 'wide'],
    ['model.norm_affine', false],
    ['model.modalities.audio.extractor_mode', 'default'],
    ['model.modalities.audio.use_alibi_encoder', false],
    ['model.modalities.audio.learned_alibi', true],
    ['model.modalities.audio.conv_pos_pre_ln', true],
    ['model.modalities.audio.decoder.decoder_dim', undefined],
    ['task.normalize', 'yes'],
  ])('that this encoder does not have are refused by their name: %s', (path, value) => {
    const read = () => settingsFromOfficial(changed(path, value), 'folder/a.pt');
    expect(read).toThrow(UserError);
    expect(read).toThrow(
      new RegExp(`^folder/a\\.pt: (invalid value for|missing key) 'cfg\\.${path.replaceAll('.', '\\.')}'`),
    );
  });

  it('of another modality are refused', () => {
    expect(() => settingsFromOfficial(changed('model.modalities', { image: {} }), 'a.pt')).toThrow(
      /a\.pt: missing key 'cfg\.model\.modalities\.audio'/,
    );
  });

  it.each(['[(512, 10)]', '512', '[(512, 10, 5)] * n', '__import__("os")', ''])(
    'whose convolutions cannot be read are refused: %s',
    (spec) => {
      expect(() =>
        settingsFromOfficial(changed('model.modalities.audio.feature_encoder_spec', spec), 'a.pt'),
      ).toThrow(/a\.pt: invalid value for 'feature_encoder_spec': '.*'/);
    },
  );

  it('that would take forever to read, or fill the memory, are refused at once', () => {
    const read = (spec: string) => () =>
      settingsFromOfficial(changed('model.modalities.audio.feature_encoder_spec', spec), 'a.pt');
    expect(read('[(512, 3, 2)] * 999999999')).toThrow(/has too many convolutions/);
    const started = performance.now();
    expect(read(`[${'(1,1,1)     '.repeat(2000)}x`)).toThrow(/invalid value for 'feature_encoder_spec'/);
    expect(performance.now() - started).toBeLessThan(1000);
  });

  it('with fewer ALiBi heads than heads are refused', () => {
    expect(() => settingsFromOfficial(changed('model.modalities.audio.num_alibi_heads', 2), 'a.pt')).toThrow(
      /2 ALiBi heads for 4 heads/,
    );
  });
});

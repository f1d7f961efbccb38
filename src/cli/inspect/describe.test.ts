/** @file What inspect says, against sizes known from elsewhere. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadEncoder } from '../../encoders/load.js';
import { loadRecogniser } from '../../encoders/recogniser.js';
import { tokensOf } from '../../encoders/recognition.js';
import { exportFolder } from '../export/folder.js';
import { describeEncoder, descriptionText } from './describe.js';

describe('the description of an encoder', () => {
  it('counts parameters by part, and the parts make the whole', async () => {
    const description = describeEncoder(await loadEncoder('test/fixtures/huggingface/wav2vec2-group'));
    const { parts, parameters } = description;
    expect(parts.reduce((sum, part) => sum + part.parameters, 0)).toBe(parameters);
    // A block: four maps 24 to 24, two of 24 and 40, two norms; there are two blocks.
    const block = 4 * (24 * 24 + 24) + (24 * 40 + 40) + (40 * 24 + 24) + 2 * 2 * 24;
    expect(parts.find(({ name }) => name === 'encoder.layers')).toEqual({
      name: 'encoder.layers',
      tensors: 32,
      parameters: 2 * block,
    });
    expect(description).toMatchObject({
      family: 'wav2vec2',
      dims: [24, 24, 24],
      framesPerSecond: 50,
      frameSamples: 320,
      minimumSamples: 400,
      normalizesWaveform: true,
    });
    expect(description.origin.files).toHaveLength(3);
    expect(description.hash).toMatch(/^[0-9a-f]{64}$/);
  });

  it('says where an encoder without a file comes from', async () => {
    expect(describeEncoder(await loadEncoder('fbank')).origin.format).toContain('computed');
    expect(describeEncoder(await loadEncoder('random:tiny')).origin.format).toContain('untrained');
  });

  it('says which checkpoint its training began with', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ehmam-inspect-'));
    try {
      await exportFolder(await loadEncoder('test/fixtures/ehmam-12-heads/tiny.pt'), folder, undefined);
      const { encoder } = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8')) as object & {
        encoder: object;
      };
      const init = { name: 'released', spec: 'released.pt', hash: 'a'.repeat(64), fresh: [] };
      await writeFile(join(folder, 'config.json'), JSON.stringify({ encoder, init }));
      const description = describeEncoder(await loadEncoder(folder));
      expect(description.origin.init).toEqual(init);
      expect(descriptionText(description)).toMatch(/^began with +the weights of released\.pt \(a{64}\)$/m);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('says what a recogniser gives', async () => {
    const { encoder, recognition } = await loadRecogniser('test/fixtures/huggingface-recognisers/wavlm');
    const description = describeEncoder(encoder, recognition);
    expect(description.recognition).toEqual(tokensOf(recognition));
    const text = descriptionText(description);
    expect(text).toMatch(/^recogniser +8 tokens, blank '<pad>', word boundary '\|', lower-case text$/m);
    expect(text).toMatch(/^ {2}tokens +<pad> <s> <\/s> <unk> \| A B C$/m);
  });

  it('as text has a line for everything a person asks', async () => {
    const text = descriptionText(
      describeEncoder(await loadEncoder('test/fixtures/ehmam-12-heads/tiny.pt', 0, { weights: 'teacher' })),
    );
    expect(text).toMatch(/^tiny-teacher\n/);
    expect(text).toMatch(/^hidden states +4, 24 wide$/m);
    expect(text).toMatch(/^frames +133\.333 per second \(every 120 samples, at least 175 samples\)$/m);
    expect(text).toMatch(/^parameters +15,290$/m);
    expect(text).toMatch(/^from +torch checkpoint \(teacher\)$/m);
  });
});

/** @file What `ehmam list` names is what other commands take. */
import { describe, expect, it } from 'vitest';
import { loadEncoder } from '../../encoders/load.js';
import { knownTasks } from '../../plugins/known-tasks.js';
import { maskings } from '../../pretrain/masking/index.js';
import { catalogue } from './catalogue.js';

describe('the catalogue', () => {
  it('names tasks that can be found, with their metrics', async () => {
    for (const { name, metrics } of await catalogue.tasks())
      expect(knownTasks.find(name).metrics).toBe(metrics);
  });

  it('names encoders that load with as many hidden states as it says', async () => {
    const items = (await catalogue.encoders()).filter(({ name, hub }) => name !== 'random:base' && !hub);
    expect(items.map(({ name }) => name)).toEqual(expect.arrayContaining(['fbank', 'random:tiny']));
    for (const { name, dims } of items) expect((await loadEncoder(name)).dims).toEqual(dims);
  });

  it('names the models of the hub that s3prl has a name for', async () => {
    const items = await catalogue.encoders();
    expect(items.find(({ name }) => name === 'wavlm_base_plus')).toEqual({
      name: 'wavlm_base_plus',
      summary: "family wavlm: s3prl's name of hf:microsoft/wavlm-base-plus",
      family: 'wavlm',
      hub: 'hf:microsoft/wavlm-base-plus',
    });
  });

  it('names maskings that can be found', async () => {
    const items = await catalogue.maskings();
    expect(items.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        'easy-to-hard',
        'random',
        'random-matched',
        'hard-only',
        'block',
        'oracle-hard',
        'energy',
      ]),
    );
    for (const { name } of items) expect(maskings.find(name).name).toBe(name);
  });

  it('says how many utterances each part of the mini corpus has', async () => {
    const [mini] = await catalogue.corpora();
    expect(mini).toMatchObject({ name: 'mini' });
    expect(mini?.speakers).toBeGreaterThanOrEqual(40);
    expect(Object.values(mini?.utterances ?? {}).every((count) => count > 0)).toBe(true);
  });
});

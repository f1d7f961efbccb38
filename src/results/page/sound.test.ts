/** @file Sound for the page. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeWav } from '../../audio/index.js';
import { writeManifest } from '../../data/manifest.js';
import { openSounds, soundBudget } from './sound.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-sound-'));
  await mkdir(join(folder, 'deep'));
  await writeWav(join(folder, 'deep', 'a.wav'), new Float32Array(160), 16000);
  for (const name of ['one', 'two'])
    await writeManifest(join(folder, `${name}.csv`), [
      { id: 'a', path: `${name}.wav`, split: 'test' },
      { id: `only-${name}`, path: 'x.wav', split: 'test' },
    ]);
});
afterAll(() => rm(folder, { recursive: true }));

describe('the sound of an utterance', () => {
  it('is found by its id in manifests, the own one first, and in folders', async () => {
    const [one, two] = [join(folder, 'one.csv'), join(folder, 'two.csv')];
    const find = await openSounds([one, two, folder], undefined, new Set(['a', 'only-two', 'deep/a']));
    expect(find('a', two)?.path).toBe(join(folder, 'two.wav'));
    expect(find('a', 'elsewhere.csv')?.path).toBe(join(folder, 'one.wav'));
    expect(find('only-two', one)?.path).toBe(join(folder, 'x.wav'));
    expect(find('deep/a', one)?.path).toBe(join(folder, 'deep', 'a.wav'));
    expect(find('only-one', one)).toBeUndefined();
    await expect(openSounds([join(folder, 'no')], undefined, new Set())).rejects.toThrow('no such file');
  });

  it('is embedded as WAV up to a bound', () => {
    const budget = soundBudget(600);
    // A header of 44 bytes and 100 samples of 2 bytes: 244 bytes, 328 in base64.
    const uri = budget.embed(new Float32Array(100));
    expect(uri).toMatch(/^data:audio\/wav;base64,UklGR/);
    expect(budget.embed(new Float32Array(100))).toBeUndefined();
    expect(budget.used).toEqual({ utterances: 1, bytes: 328, seconds: 100 / 16000, refused: 1 });
    expect(uri?.split(',')[1]).toHaveLength(328);
  });
});

/** @file Plans: crops and their hash, settings by preset, and language models known by what they hold. */
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeWav } from '../audio/index.js';
import { readUtterance } from '../data/audio.js';
import { hashManifest } from '../data/manifest.js';
import { writeManifest } from '../data/rows.js';
import { knownTasks } from '../plugins/known-tasks.js';
import { loadSuite } from './definition.js';
import { planTask } from './plan.js';
import type { SuiteTask } from './schema.js';

const tinyArpa = new URL('../../test/fixtures/lm/tiny.arpa', import.meta.url).pathname;
let folder: string;
let manifest: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-plan-'));
  await writeWav(join(folder, 'a.wav'), new Float32Array(1600), 16000);
  manifest = join(folder, 'm.csv');
  const row = (id: string, split: string, speaker: string, duration: number) => {
    const label = `${speaker}-word`;
    return { id, path: 'a.wav', split, duration, speaker, label, text: 'HI' };
  };
  await writeManifest(manifest, [
    row('1', 'train', 's1', 7),
    row('2', 'train', 's2', 12),
    row('3', 'dev', 's1', 12),
    row('4', 'test', 's2', 12),
  ]);
});
afterAll(() => rm(folder, { recursive: true }));

test('a setting is refused before the manifest is read, and a head of another kind than its task names', async () => {
  const wanted = { name: 'ks', manifest: join(folder, 'gone.csv'), settings: { maxUpdates: 3 } };
  await expect(planTask(wanted)).rejects.toThrow(/^task 'ks': unknown key 'maxUpdates'. Did you mean/);
  const other = { ...knownTasks.find('ks'), name: 'other', headKind: 'frame-ctc' };
  knownTasks.register(other, 'plan.test.ts');
  await expect(planTask({ name: 'other', manifest })).rejects.toThrow(
    "task 'other' asks for a head of kind 'pooled-linear'. Its headKind is 'frame-ctc': correct the task",
  );
});

test('the preset clean of pooled heads has a second edition, which records name: means are standardised', async () => {
  const plan = (preset: 'clean' | 'superb', settings = {}) =>
    planTask({ name: 'sid', manifest, settings }, { preset });
  expect(await plan('clean')).toMatchObject({
    preset: 'clean-2',
    head: { settings: { standardize: true } },
  });
  expect((await plan('clean', { standardize: false })).preset).toMatch(/^clean-[0-9a-f]{8}$/);
  const superb = await plan('superb');
  expect(superb.preset).toBe('superb');
  expect(superb.head.settings).not.toHaveProperty('standardize');
});

describe('the crops of sid', () => {
  const plan = (preset: 'clean' | 'superb', settings = {}) =>
    planTask({ name: 'sid', manifest, settings }, { preset });

  test('are of preset superb, in train alone, at most 8 s', async () => {
    const { data, utterances, preset } = await plan('superb');
    expect(preset).toBe('superb');
    expect(data.train.map(({ id }) => id)).toEqual(['1', '2#crop-0', '2#crop-1', '2#crop-2', '2#crop-3']);
    expect(data.train.map(({ durationSeconds }) => durationSeconds)).toEqual([7, 8, 8, 8, 8]);
    expect(utterances.slice(5).map(({ id }) => id)).toEqual(['3', '4']);
    expect((await plan('clean')).utterances.map(({ id }) => id)).toEqual(['1', '2', '3', '4']);
  });

  test('change the hash of the manifest in the record, each setting its own way', async () => {
    const superb = await plan('superb');
    const hashes = [
      superb.manifest.hash,
      (await plan('clean')).manifest.hash,
      (await plan('superb', { crops: { seconds: 8, perUtterance: 2 } })).manifest.hash,
      (await plan('superb', { crops: { seconds: 8, perUtterance: 4, seed: 1 } })).manifest.hash,
    ];
    expect(new Set(hashes).size).toBe(4);
    expect(hashes[1]).toBe(await hashManifest(manifest));
    expect((await plan('superb')).manifest.hash).toBe(superb.manifest.hash);
    // Nothing is longer than that: the data is the manifest's.
    expect((await plan('superb', { crops: { seconds: 60 } })).manifest.hash).toBe(hashes[1]);
  });

  test('have features of their own, and are the same when a job plans them again', async () => {
    const [superb, clean] = [await plan('superb'), await plan('clean')];
    expect(superb.hashes.audio).not.toBe(clean.hashes.audio);
    expect(superb.hashes.seconds).toBeCloseTo(7 + 4 * 8 + 12 + 12);
    const wanted = { name: 'sid', manifest, settings: {} };
    const again = await planTask(wanted, { preset: 'superb' }, 0, async () => superb.hashes);
    expect(again.hashes).toEqual(superb.hashes);
    expect(again.manifest.hash).toBe(superb.manifest.hash);
  });

  test('are refused for a task that cuts none', async () => {
    const wanted = { name: 'asr', manifest, settings: { crops: { seconds: 8 } } };
    await expect(planTask(wanted)).rejects.toThrow(/crops/);
    knownTasks.register({ ...(await plan('clean')).task, name: 'uncut', crop: undefined } as never, 'a-test');
    await expect(planTask({ ...wanted, name: 'uncut' })).rejects.toThrow(
      "the setting 'crops' does not apply to the task 'uncut'",
    );
  });
});

test('keywords of preset superb are 3 dB softer, whose features are others', async () => {
  const plan = await planTask({ name: 'ks', manifest }, { preset: 'superb' });
  expect(plan.preset).toBe('superb');
  expect(plan.utterances.map(({ gainDecibels }) => gainDecibels)).toEqual([-3, -3, -3, -3]);
  // Their features are others than those of the same audio as it is, and known again by a worker.
  const clean = await planTask({ name: 'ks', manifest });
  expect(plan.hashes.audio).not.toBe(clean.hashes.audio);
  const again = await planTask({ name: 'ks', manifest }, { preset: 'superb' }, 0, async () => plan.hashes);
  expect(again.hashes).toEqual(plan.hashes);
  const loud = await planTask({ name: 'ks', manifest, settings: { gainDecibels: -6 } });
  expect(loud.hashes.audio).not.toBe(plan.hashes.audio);
  expect(loud.preset).toMatch(/^clean-/);
});

test('a gain multiplies samples, and -3 dB is 0.7079', async () => {
  const utterance = (await planTask({ name: 'ks', manifest }, { preset: 'superb' })).utterances[0];
  if (utterance === undefined) throw new Error('no utterance');
  await writeWav(join(folder, 'loud.wav'), Float32Array.of(0.5, -0.25), 16000);
  const { durationSeconds: _, ...whole } = { ...utterance, path: join(folder, 'loud.wav') };
  const samples = await readUtterance(whole);
  expect(samples[0]).toBeCloseTo(0.5 * 0.7079, 4);
  expect(samples[1]).toBeCloseTo(-0.25 * 0.7079, 4);
});

describe('the preset of a record', () => {
  test('is the one that stands in records of the same settings', async () => {
    const recorded = async (folder: string) =>
      (JSON.parse(await readFile(`results/${folder}/record.json`, 'utf8')) as { preset: string }).preset;
    const suite = JSON.parse(await readFile('manifests/recorded/suite.json', 'utf8')) as {
      tasks: SuiteTask[];
    };
    for (const { name, settings } of suite.tasks) {
      const { preset } = await planTask({ name, manifest, settings });
      // Its pooled heads are of the first edition.
      const edition = name === 'asr' ? '' : '-2';
      expect(preset, name).toBe(`${await recorded(`recorded/fbank/${name}`)}${edition}`);
    }
    expect((await planTask({ name: 'asr', manifest })).preset).toBe(
      await recorded('mini/baseline/fbank/asr'),
    );
    const lm = { arpa: tinyArpa, weight: 1.5 };
    const superb = await planTask({ name: 'asr', manifest, settings: { lm } }, { preset: 'superb' });
    expect(superb.preset).toBe('superb-a9f36096');
    for (const name of ['asr', 'ks', 'sid'])
      expect((await planTask({ name, manifest }, { preset: 'superb' })).preset).toBe('superb');
  });
});

describe('a language model', () => {
  const presetWith = async (lm: Readonly<Record<string, string>>): Promise<string> =>
    (await planTask({ name: 'asr', manifest, settings: { lm } })).preset;

  test('is known by what its files hold, not by where they lie', async () => {
    const [here, other] = [join(folder, 'here.arpa'), join(folder, 'other.arpa')];
    const lexicon = join(folder, 'lexicon.txt');
    await copyFile(tinyArpa, here);
    await writeFile(other, (await readFile(tinyArpa, 'utf8')).replace('-0.', '-1.'));
    await writeFile(lexicon, 'HI H I |\n');
    const presets = [
      await presetWith({ arpa: tinyArpa }),
      await presetWith({ arpa: other }),
      await presetWith({ arpa: tinyArpa, lexicon }),
    ];
    expect(new Set(presets).size).toBe(3);
    expect(await presetWith({ arpa: here })).toBe(presets[0]);
    await writeFile(lexicon, 'HI H |\n');
    expect(await presetWith({ arpa: tinyArpa, lexicon })).not.toBe(presets[2]);
  });

  test('is found from the folder of the suite file, wherever the working folder is', async () => {
    await copyFile(tinyArpa, join(folder, 'beside.arpa'));
    const suite = {
      name: 'own',
      tasks: [{ name: 'asr', manifest: 'm.csv', settings: { lm: { arpa: './beside.arpa', weight: 1 } } }],
    };
    await writeFile(join(folder, 'suite.json'), JSON.stringify(suite));
    const [task] = (await loadSuite(join(folder, 'suite.json'))).tasks;
    const { head, preset } = await planTask(task as SuiteTask);
    expect(head.settings).toMatchObject({ lm: { arpa: join(folder, 'beside.arpa'), weight: 1 } });
    expect(preset).toBe(
      (await planTask({ name: 'asr', manifest, settings: { lm: { arpa: tinyArpa, weight: 1 } } })).preset,
    );
  });

  test('that is not there is refused before any work', async () => {
    await expect(presetWith({ arpa: join(folder, 'gone.arpa') })).rejects.toThrow('gone.arpa');
  });
});

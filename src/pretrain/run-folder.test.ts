/** @file What a pre-training run leaves on disk. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import {
  type RunFolder,
  readConfig,
  readRun,
  runFolder,
  trimLog,
  writeConfig,
  writeEncoder,
} from './run-folder.js';
import { melConfig, stateOf } from './training.fixture.js';

const made: string[] = [];
const data = {
  manifest: 'm.csv',
  split: 'train',
  utterances: 3,
  ids: 'a'.repeat(64),
  audio: 'b'.repeat(64),
};
let out: string;
let folder: RunFolder;
beforeEach(async () => {
  out = await mkdtemp(join(tmpdir(), 'ehmam-checkpoint-'));
  made.push(out);
  folder = runFolder(out);
});
afterAll(() => Promise.all(made.map((each) => rm(each, { recursive: true, force: true }))));

describe('the settings of a run', () => {
  it('are read as they were written, and lie where an encoder is looked for', async () => {
    expect(await readConfig(folder)).toBeUndefined();
    await writeConfig(folder, { config: melConfig, data });
    expect(await readConfig(folder)).toEqual(melConfig);
    expect(await readRun(folder)).toEqual({ config: melConfig, data });
    const written = JSON.parse(await readFile(folder.config, 'utf8')) as { encoder: unknown; data: unknown };
    expect(written).toMatchObject({ encoder: melConfig.encoder, data: { utterances: 3 } });
  });

  it('may be those of an earlier version, which did not say what data a run began with', async () => {
    await writeConfig(folder, { config: melConfig, data });
    const { data: _, ...before } = JSON.parse(await readFile(folder.config, 'utf8')) as { data: unknown };
    await writeFile(folder.config, JSON.stringify(before));
    expect(await readRun(folder)).toEqual({ config: melConfig, data: undefined });
  });

  it.each([
    ['{', /config\.json:1:2: invalid JSON/],
    ['{}', /config\.json:1:1: missing key 'training'\. Choose another --out, or remove the file$/],
    ['{"encoder": {"family": "ehmam"}, "training": {}}', /config\.json:1:\d+: missing key 'encoder\./],
  ])('that are no settings (%s) are an error that names file, line and column', async (text, message) => {
    await writeFile(folder.config, text);
    await expect(readConfig(folder)).rejects.toThrow(message);
  });

  it('that were changed by hand to what cannot be are an error at that place', async () => {
    await writeConfig(folder, { config: melConfig, data });
    const written = JSON.parse(await readFile(folder.config, 'utf8')) as { training: { seed: unknown } };
    const wrong = { ...written, training: { ...written.training, seed: 'three' } };
    await writeFile(folder.config, JSON.stringify(wrong, null, 2));
    const line =
      JSON.stringify(wrong, null, 2)
        .split('\n')
        .findIndex((text) => text.includes('three')) + 1;
    await expect(readConfig(folder)).rejects.toThrow(
      new RegExp(`config\\.json:${line}:13: invalid value for 'seed': expected a number, got "three"`),
    );
  });
});

describe('the log', () => {
  const line = (step: number): string => `${JSON.stringify({ step, loss: 1 / step })}\n`;

  it('loses the steps that will be done again, and a line that was cut short', async () => {
    await writeFile(folder.log, `${line(1)}${line(2)}${line(3)}{"step":4,"lo`);
    await trimLog(folder, 2);
    expect(await readFile(folder.log, 'utf8')).toBe(line(1) + line(2));
  });

  it('is empty at the start, whatever was there', async () => {
    await trimLog(folder, 0);
    expect(await readFile(folder.log, 'utf8')).toBe('');
  });
});

it("the trained encoder is the student's weights, with the teacher's beside it", async () => {
  await writeEncoder(folder, stateOf('a'));
  expect((await readdir(out)).sort()).toEqual(['ema.safetensors', 'model.safetensors']);
});

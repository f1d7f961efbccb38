/** @file What the command pretrain refuses before it writes a file. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeWav } from '../../audio/index.js';
import { parseChanges } from '../../base/changed-settings.js';
import { type PretrainRequest, pretrainFromManifest } from './from-manifest.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-pretrain-'));
  await writeWav(join(folder, 'a.wav'), new Float32Array(16000), 16000);
  await writeFile(join(folder, 'speech.csv'), 'id,path,split\na,a.wav,train\n');
});
afterAll(() => rm(folder, { recursive: true }));

const run = (change: Partial<PretrainRequest>) =>
  pretrainFromManifest({
    preset: 'tiny',
    config: undefined,
    masking: 'random',
    manifest: join(folder, 'speech.csv'),
    root: undefined,
    split: 'train',
    out: join(folder, 'run'),
    resume: false,
    steps: 1,
    seed: undefined,
    engine: { name: 'onnx', provider: 'cpu' },
    quiet: true,
    say: () => undefined,
    signal: new AbortController().signal,
    ...change,
  });

describe('pretrainFromManifest', () => {
  const cases: readonly (readonly [what: string, change: Partial<PretrainRequest>, message: RegExp])[] = [
    ['a masking that is not there', { masking: 'hardest' }, /unknown masking strategy 'hardest'/],
    ['a preset that is not there', { preset: 'huge' }, /unknown preset 'huge'/],
    ['a split without rows', { split: 'test' }, /speech\.csv.*'?test'?/],
    [
      'a setting that is not there',
      { changes: parseChanges(['batch.sise=4']) },
      /--set batch\.sise: unknown setting 'sise' in batch\. Did you mean 'size'\?/,
    ],
    [
      'a setting that cannot be',
      { changes: parseChanges(['teacher.topBlocks=9']) },
      /--set teacher\.topBlocks: invalid value '9': expected at most 3, the number of shared blocks/,
    ],
    ['no step', { steps: 0 }, /--steps 0: expected a whole number, 1 or more/],
    ['a probe that is no suite', { probe: 'maxi' }, /unknown suite 'maxi'.*mini, mini-superb/],
    ['probes never', { probe: 'mini', every: 0 }, /--every 0: expected a whole number, 1 or more/],
    [
      'a time for probes without any',
      { every: 100 },
      /--every needs --probe\. Name a suite, such as --probe mini/,
    ],
    ['half a seed', { seed: 0.5 }, /--seed 0\.5: expected a whole number, 0 or more/],
  ];
  it.each(cases)('refuses %s', async (_what, change, message) => {
    await expect(run(change)).rejects.toMatchObject({ exitCode: 2, message: expect.stringMatching(message) });
    expect(existsSync(join(folder, 'run'))).toBe(false);
  });
});

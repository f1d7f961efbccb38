/** @file What the command finetune refuses before it writes a file. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parseChanges } from '../../base/changed-settings.js';
import { type FinetuneRequest, finetuneFromManifest } from './from-manifest.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-finetune-'));
  await writeFile(join(folder, 'typo.yaml'), 'masking:\n  time: { spam: 3 }\n');
});
afterAll(() => rm(folder, { recursive: true }));

const run = (change: Partial<FinetuneRequest>) =>
  finetuneFromManifest({
    ...{ spec: 'random:tiny', weights: undefined, manifest: join(folder, 'none.csv'), preset: '10m' },
    ...{ out: join(folder, 'run'), resume: false, decoding: {}, engine: { name: 'onnx', provider: 'cpu' } },
    ...{ quiet: true, say: () => undefined, signal: new AbortController().signal, ...change },
  });

it.each<readonly [what: string, change: Partial<FinetuneRequest>, message: RegExp]>([
  ['a preset that is not there', { preset: '2h' }, /unknown preset '2h'.*10m, 1h, 10h, 100h/],
  ['half an update', { steps: 0.5 }, /--steps 0\.5: expected a whole number, 1 or more/],
  ['a beam of nothing', { decoding: { lm: 'x.arpa', beam: 0 } }, /--beam 0: expected a whole number/],
  ['a lexicon without a model', { decoding: { lexicon: 'x' } }, /--lexicon needs a language model.*--lm/],
  ['a word score alone', { decoding: { lm: 'x.arpa', wordScore: 1 } }, /--word-score needs --lm-weight/],
  ['a negative pause', { checkpointSeconds: -1 }, /--checkpoint-every -1: expected a number of seconds/],
  ['phases that are more than all', { changes: parseChanges(['schedule.hold=0.5']) }, /must sum to 1/],
  ['an encoder that is not there', { spec: 'runs/nothing' }, /runs\/nothing/],
  ['a manifest that is not there', {}, /none\.csv/],
])('%s', async (_what, change, message) => {
  await expect(run(change)).rejects.toMatchObject({
    exitCode: 2,
    message: expect.stringMatching(message),
  });
  expect(existsSync(join(folder, 'run'))).toBe(false);
});

it('a setting that is not there, with file and line', async () => {
  await expect(run({ config: join(folder, 'typo.yaml') })).rejects.toThrow(
    /typo\.yaml:2.*masking\.time\.spam/,
  );
});

/** @file Tests of hints at the file that a missing path may have meant. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadUtterances } from './manifest.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-near-'));
  await mkdir(join(folder, 'Wav', 'cafe\u0301'), { recursive: true });
  await writeFile(join(folder, 'Wav', 'u0.wav'), '');
  await writeFile(join(folder, 'Wav', 'cafe\u0301', 'e\u0301 1.wav'), '');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function messageFor(path: string): Promise<string> {
  const file = join(folder, 'm.csv');
  await writeFile(file, `id,path,split\nu,"${path}",train\n`);
  return loadUtterances(file).then(
    () => 'no error',
    (error: Error) => error.message,
  );
}

it.each([
  ['Wav\\u0.wav', "Wav/u0.wav' instead: the same name with / instead of \\"],
  ['Wav/caf\u00e9/\u00e9 1.wav', 'the same name with another Unicode form'],
  ['wav/U0.wav', "Wav/u0.wav' instead: the same name with different upper and lower case"],
  ['wav\\caf\u00e9\\\u00e9 1.WAV', 'with / instead of \\, and another Unicode form'],
  ['Wav/u0.wav ', "Wav/u0.wav' instead: the same name with different spaces at its ends"],
  ['C:\\data\\u9.wav', 'This is a Windows path'],
  ['Wav/u9.wav', 'If the audio is in another folder, pass it with --root'],
])('%j is missing with a hint', async (path, hint) => {
  expect(await messageFor(path)).toMatch(/m\.csv:2: audio file .* not found at /);
  expect(await messageFor(path)).toContain(hint);
});

it('a split of another name is told from one that is not there', async () => {
  const file = join(folder, 'm.csv');
  const rows = ['id,path,split', 'a,Wav/u0.wav,train', 'b,Wav/u0.wav,Validation'];
  await writeFile(file, rows.join('\n'));
  await expect(loadUtterances(file, { splits: ['train', 'dev'] })).rejects.toThrow(
    "no utterances in split 'dev'. Its splits: train (1), Validation (1). Did you mean 'Validation'? Rename it to 'dev'",
  );
  await expect(loadUtterances(file, { splits: ['test'] })).rejects.toThrow(
    /Its splits: train \(1\), Validation \(1\)$/,
  );
});

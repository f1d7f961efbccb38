/** @file Tests of predictions that something changed after they were written. */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { checkResults } from '../cli/validate/results.js';

const stored = 'results/mini/baseline/fbank/ks';
let folder: string;
let file: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-predictions-'));
  file = join(folder, 'predictions.jsonl');
});
afterAll(() => rm(folder, { recursive: true }));

async function faultsAfter(change: (text: string) => string): Promise<readonly string[]> {
  await cp(stored, folder, { recursive: true });
  await writeFile(file, change(await readFile(file, 'utf8')));
  return (await checkResults([folder])).faults;
}

it('line ends that git changed are told from other predictions', async () => {
  expect(await faultsAfter((text) => text)).toEqual([]);
  expect(await faultsAfter((text) => text.replaceAll('\n', '\r\n'))).toEqual([
    expect.stringMatching(/predictions\.jsonl: its line ends were changed to CRLF\. Git's core\.autocrlf/),
  ]);
  for (const change of [
    (text: string) => text.replaceAll('\n', '\r\n').replace('"', ' "'),
    (text: string) => text.replace('"', ' "'),
  ]) {
    expect(await faultsAfter(change)).toEqual([
      expect.stringMatching(/predictions\.jsonl: does not match its record: the predictions have changed/),
    ]);
  }
});

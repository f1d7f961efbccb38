/** @file LibriSpeech with the phones of lexicons: the first pronunciation counts, words without one are named. */
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { loadUtterances } from '../manifest.js';
import { librispeech } from './librispeech.js';
import { librispeechTree, writeTree } from './miniatures.fixture.js';
import { prepareCorpus } from './prepare.js';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'ehmam-lexicon-'));
  await writeTree(root, librispeechTree);
});
afterEach(() => rm(root, { recursive: true, force: true }));

const subset = 'train-clean-100';
const lines = [
  'CHAPTER\tCH AE1 P T ER0',
  'ONE\tW AH1 N',
  'ONE\tHH W AH1 N',
  'THAT\tDH AE1 T',
  'HAD\tHH AE1 D',
  'ITS\tIH1 T S',
];

async function prepare(...lexicons: readonly string[]) {
  const files = lexicons.map((_, i) => join(root, `lexicon-${i}.txt`));
  for (const [i, text] of lexicons.entries()) await writeFile(files[i] as string, text);
  const out = join(root, 'manifests');
  await prepareCorpus(librispeech, { root, out, subsets: [subset], lexicon: files, fast: true, quiet: true });
  return loadUtterances(join(out, 'asr.csv'));
}

const text = (...own: readonly string[]): string => `${own.join('\n')}\n`;

it('writes phones and the digests of the lexicons, the first entry of a word counting', async () => {
  const [all, more] = [text(...lines), text('SOURCE  S AO1 R S', 'HAD X')];
  // CMU's dictionary has comments; a later file's entries count for the words that are not there yet.
  const second = text(';;; of another kind', 'source  S AO1 R S', 'HAD\tZ');
  const rows = await prepare(all, second);
  expect(rows.map(({ columns }) => columns.phones)).toEqual([
    'CH AE1 P T ER0 W AH1 N',
    'DH AE1 T HH AE1 D IH1 T S S AO1 R S',
  ]);
  const digest = (content: string) => createHash('sha256').update(content).digest('hex').slice(0, 16);
  expect(rows[0]?.columns.lexicon).toBe(`${digest(all)}+${digest(second)}`);
  expect(rows[0]?.columns.text).toBe('CHAPTER ONE');
  await expect(prepare(all, more)).rejects.toThrow(/lexicon-1\.txt:2: 'X' in 'HAD' is not an ARPAbet phone/);
});

it('refuses words without an entry, each with file and line', async () => {
  await expect(prepare(text(...lines.slice(0, 4)))).rejects.toThrow(
    /103-1240\.trans\.txt:2: 3 words have no entry in the lexicon: 'HAD' \(103-1240\.trans\.txt:2\), 'ITS' \(103-1240\.trans\.txt:2\), 'SOURCE' \(103-1240\.trans\.txt:2\)\. Add a lexicon/,
  );
});

it.each([
  ['no entry', '\n;;; a comment\n', /lexicon-0\.txt: the lexicon has no entries/],
  ['a word without phones', 'CHAPTER\tCH AE1\nONE\n', /lexicon-0\.txt:2: 'ONE' has no phones/],
  ['a phone without its stress', 'ONE\tW AH N\n', /lexicon-0\.txt:1: 'AH' in 'ONE' is not an ARPAbet phone/],
])('refuses a lexicon with %s', async (_, content, message) => {
  await expect(prepare(content)).rejects.toThrow(message);
});

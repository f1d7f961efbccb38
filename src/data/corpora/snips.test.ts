/** @file Audio SNIPS in miniature, as s3prl prepares it; sequences beside those of the steps written out in Python. */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { loadUtterances } from '../manifest.js';
import { writeTree } from './miniatures.fixture.js';
import { prepareCorpus } from './prepare.js';
import { snips } from './snips.js';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'ehmam-snips-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const lines = [
  'Ivy-snips-train-0 BOS PLAY THE BEATLES & MORE EOS\tO O artist artist artist artist PlayMusic',
  'Nicole-snips-valid-0 BOS BOOK A TABLE - FOR TWO . EOS\tO O O O O O party_size_number O BookRestaurant',
  'Emma-snips-test-0 BOS CHILI PARIS TEXAS EOS\tO served_dish city state GetWeather',
  'Emma-snips-test-1 BOS NOTHING EOS\tO O GetWeather',
];

const wavs = {
  'SNIPS/train/Ivy-snips-train-0.wav': 0.5,
  'SNIPS/train/Emma-snips-train-0.wav': 0.5,
  'SNIPS/valid/Nicole-snips-valid-0.wav': 0.5,
  'SNIPS/test/Emma-snips-test-0.wav': 0.5,
  'SNIPS/test/Emma-snips-test-7.wav': 0.5,
} as const;

const prepare = (fast = false) =>
  prepareCorpus(snips, { root, out: join(root, 'manifests'), quiet: true, fast });
const rowsOf = async () => loadUtterances(join(root, 'manifests', 'sf.csv'));

it('gives the voices of each split, slots around their words, words without what s3prl leaves out', async () => {
  await writeTree(root, {
    ...wavs,
    'SNIPS/all.iob.snips.txt': `${lines.join('\n')}\n`,
    'SNIPS/slots.txt': 'O\nartist\ncity\n',
  });
  const { remarks, manifests } = await prepare();
  const rows = await rowsOf();
  expect(rows.map(({ id, split, columns }) => [id, split, columns.slots])).toEqual([
    ['Ivy-snips-train-0', 'train', 'PLAY B-artist THE BEATLES AND MORE E-artist'],
    ['Nicole-snips-valid-0', 'dev', 'BOOK A TABLE FOR B-party_size_number TWO E-party_size_number'],
    [
      'Emma-snips-test-0',
      'test',
      'B-served_dish CHILI E-served_dish B-city PARIS E-city B-state TEXAS E-state',
    ],
  ]);
  expect(rows[0]?.columns).toMatchObject({
    speaker: 'Ivy',
    text: 'PLAY THE BEATLES AND MORE',
    intent: 'PlayMusic',
  });
  expect(manifests[0]).toMatchObject({ name: 'sf', splits: { train: 1, dev: 1, test: 1 } });
  expect(remarks).toEqual([
    'train: 1 utterances, expected 104672 (as published)',
    'dev: 1 utterances, expected 2800 (as published)',
    'test: 1 file is missing, the first is the line of Emma-snips-test-7 in all.iob.snips.txt',
    'test: 1 utterances, expected 2800 (as published)',
  ]);
});

it('refuses a line whose labels are not as many as its words, and a folder without lines', async () => {
  const [good = '', bad = ''] = lines;
  const spoilt = bad.replace(' . EOS', ' EOS');
  await writeTree(root, { ...wavs, 'SNIPS/all.iob.snips.txt': `${good}\n\n${spoilt}\n` });
  await expect(prepare()).rejects.toThrow(/all\.iob\.snips\.txt:3: 6 words, but 7 labels/);
  await writeTree(root, { 'SNIPS/all.iob.snips.txt': '\n' });
  await expect(prepare()).rejects.toThrow(/all\.iob\.snips\.txt: contains no sentence/);
  await rm(join(root, 'SNIPS/all.iob.snips.txt'));
  await expect(prepare()).rejects.toThrow(/looked for SNIPS\/all\.iob\.snips\.txt/);
});

it('has the sequence of the reference for 60 random sentences', async () => {
  const file = new URL('../../../test/fixtures/slots/slots.json', import.meta.url);
  const { sentences } = JSON.parse(readFileSync(file, 'utf8')) as {
    readonly sentences: readonly Readonly<Record<'words' | 'labels' | 'tokens', readonly string[]>>[];
  };
  const idOf = (i: number): string => `Ivy-snips-train-${i}`;
  const told = sentences.map(
    ({ words, labels }, i) => `${idOf(i)} BOS ${words.join(' ')} EOS\tO ${labels.join(' ')} PlayMusic`,
  );
  const audio = sentences.map((_, i) => [`SNIPS/train/${idOf(i)}.wav`, 0.1] as const);
  await writeTree(root, { ...Object.fromEntries(audio), 'SNIPS/all.iob.snips.txt': told.join('\n') });
  await prepare(true);
  const rows = new Map((await rowsOf()).map(({ id, columns }) => [id, columns.slots]));
  expect(sentences).toHaveLength(60);
  for (const [i, { tokens }] of sentences.entries()) {
    // The text that these tokens are: a slot's begin and end stand for themselves, between blanks.
    const text = tokens
      .map((token) => (/^B-/.test(token) ? `${token} ` : /^E-/.test(token) ? ` ${token}` : token))
      .join('')
      .replace(/<eos>$/, '');
    const spelt = rows.get(idOf(i))?.replace(/\u00c9|(?<=(^| )[BE])-(?=(SIDES|TYPE)( |$))/g, '<unk>');
    expect(spelt).toBe(text);
  }
});

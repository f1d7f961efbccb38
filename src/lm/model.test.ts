/** @file N-gram models: KenLM's scores, hand calculations, and files that are damaged. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readArpa } from './arpa.js';
import { arpaLines, estimateNgrams } from './kneser-ney.js';
import { type NgramModel, scoreWord, tableBytes, wordOf } from './model.js';

const fixtures = new URL('../../test/fixtures/lm/', import.meta.url).pathname;
let folder: string;
let model: NgramModel;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-lm-'));
  model = await readArpa(join(fixtures, 'tiny.arpa'));
});
afterAll(() => rm(folder, { recursive: true }));

async function written(name: string, content: string | Uint8Array): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, content);
  return file;
}

test("every word has KenLM's score, unknown words too", async () => {
  const cases = JSON.parse(await readFile(join(fixtures, 'kenlm.json'), 'utf8')) as {
    words: string[];
    scores: number[];
  }[];
  expect(cases.length).toBeGreaterThan(50);
  for (const { words, scores } of cases) {
    const context = [wordOf(model, '<s>')];
    for (const [i, word] of [...words, '</s>'].entries()) {
      const number = wordOf(model, word);
      expect(scoreWord(model, context, number), `${words.join(' ')} ${i}`).toBeCloseTo(
        scores[i] as number,
        5,
      );
      context.push(number);
    }
  }
});

test('a gzipped file gives the same model', async () => {
  const file = await written('tiny.arpa.gz', gzipSync(await readFile(join(fixtures, 'tiny.arpa'))));
  expect(await readArpa(file)).toEqual(model);
});

test('a gzipped file is told by its content, and a model in another form by name', async () => {
  const file = await written('gzipped.arpa', gzipSync(await readFile(join(fixtures, 'tiny.arpa'))));
  expect(await readArpa(file)).toEqual(model);
  const binary = Buffer.concat([
    Buffer.from('mmap lm http://kheafield.com/code format version 5\n'),
    Buffer.alloc(90),
  ]);
  await expect(readArpa(await written('kenlm.arpa', binary))).rejects.toThrow(
    'kenlm.arpa: is not UTF-8 text: it is a KenLM binary file, not an ARPA file. Pass an ARPA file',
  );
});

test('<UNK> in capitals stands for unknown words, as in KenLM', async () => {
  const plain = await readFile(join(fixtures, 'tiny.arpa'), 'utf8');
  const capitals = await readArpa(await written('capitals.arpa', plain.replaceAll('<unk>', '<UNK>')));
  expect(wordOf(capitals, 'never-heard')).toBe(wordOf(model, 'never-heard'));
  expect(wordOf(capitals, 'never-heard')).toBeGreaterThanOrEqual(0);
});

test('an n-gram takes 16 bytes, one of the highest order 8', () => {
  const [one, two, three] = model.levels.map(({ words }) => words.length) as [number, number, number];
  expect(tableBytes(model)).toBe(16 * (one + two) + 2 * 4 + 8 * three);
});

describe('Kneser-Ney estimates', () => {
  const sentences = ['a b', 'a b', 'a'].map((line) => line.split(' '));

  test('equal a calculation by hand', () => {
    const orders = estimateNgrams(sentences, 2);
    const all = new Map(orders.flat().map((line) => [line.words.join(' '), line]));
    const probability = (ngram: string): number => 10 ** (all.get(ngram)?.probability ?? Number.NaN);
    // Unigrams count what stands before: a 1, b 1, </s> 2 of 4; too few counts, so discounts 0.5, 1, 1.5; |V| = 4.
    expect(probability('a')).toBeCloseTo(0.5 / 4 + (2 / 4) * (1 / 4), 9);
    expect(probability('</s>')).toBeCloseTo((2 - 1) / 4 + (2 / 4) * (1 / 4), 9);
    expect(probability('<unk>')).toBeCloseTo((2 / 4) * (1 / 4), 9);
    // Bigrams: n1 = 1, n2 = 2, n3 = 1, n4 = 0, so Y = 0.2 and discounts 0.2, 1.7, 3.
    expect(probability('a b')).toBeCloseTo((2 - 1.7) / 3 + ((1.7 + 0.2) / 3) * 0.25, 9);
    expect(probability('a </s>')).toBeCloseTo((1 - 0.2) / 3 + ((1.7 + 0.2) / 3) * 0.375, 9);
    expect(10 ** (all.get('a')?.backoff ?? 0)).toBeCloseTo(1.9 / 3, 9);
    expect(all.get('a b')?.backoff).toBeUndefined();
  });

  test.each([3, 4])("equal KenLM's lmplz, every n-gram of order 1 to %i", async (order) => {
    const text = await readFile(join(fixtures, 'text.txt'), 'utf8');
    const lines = text.trim().split('\n');
    const own = estimateNgrams(
      lines.map((line) => line.split(' ')),
      order,
    ).flat();
    const theirs = (await readFile(join(fixtures, `lmplz-${order}.arpa`), 'utf8'))
      .split('\n')
      .map((line) => line.split('\t'))
      .filter((cells) => cells.length > 1);
    const known = new Map(theirs.map(([probability, gram, backoff]) => [gram, [probability, backoff]]));
    expect(own.map(({ words }) => words.join(' ')).sort()).toEqual([...known.keys()].sort());
    for (const { words, probability, backoff } of own) {
      const gram = words.join(' ');
      const [theirProbability, theirBackoff] = known.get(gram) ?? [];
      expect(probability, gram).toBeCloseTo(Number(theirProbability), 5);
      expect(backoff ?? 0, gram).toBeCloseTo(Number(theirBackoff ?? 0), 5);
    }
  });

  test('are a distribution after every context', async () => {
    const words = [...model.vocabulary.keys()].filter((word) => word !== '<s>');
    for (const context of [['<s>'], ['THE'], ['THE', 'CAT'], ['<s>', 'ONE'], ['RUNS', 'ZEBRA']]) {
      const numbers = context.map((word) => wordOf(model, word));
      const sum = words.reduce(
        (total, word) => total + 10 ** scoreWord(model, numbers, wordOf(model, word)),
        0,
      );
      expect(sum, context.join(' ')).toBeCloseTo(1, 5);
    }
  });

  test('are the same when they are read again', async () => {
    const orders = estimateNgrams(sentences, 3);
    const text = [...arpaLines(orders)].join('');
    const read = await readArpa(await written('again.arpa', text));
    expect(read.levels.map(({ words }) => words.length)).toEqual([5, 4, 3]);
    for (const { words, probability } of orders.flat()) {
      const numbers = words.map((word) => wordOf(read, word));
      const score = scoreWord(read, numbers.slice(0, -1), numbers.at(-1) as number);
      // Seven digits are written; a sentence never goes on with its own beginning.
      if (words.at(-1) !== '<s>') expect(score, words.join(' ')).toBeCloseTo(probability, 5);
    }
  });
});

test.each([
  ['is cut off', (text: string) => text.slice(0, text.length / 2), /(expected|invalid|unexpected end)/],
  [
    'has another count',
    (text: string) => text.replace('ngram 2=88', 'ngram 2=89'),
    /found 88 2-grams, expected 89/,
  ],
  ['holds a line that is none', (text: string) => text.replace('\tTHE\t', ' THE '), /invalid 1-gram/],
  [
    'names a word that is no unigram',
    (text: string) => text.replace('\tTHE CAT', '\tTHE COT'),
    /'COT' is not in the 1-grams/,
  ],
])('a file that %s is refused by name and line', async (_what, damage, message) => {
  const text = damage(await readFile(join(fixtures, 'tiny.arpa'), 'utf8'));
  const file = await written('damaged.arpa', text);
  await expect(readArpa(file)).rejects.toThrow(message);
  await expect(readArpa(file)).rejects.toThrow('damaged.arpa');
});

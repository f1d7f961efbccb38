/** @file QUESST 2014 in its publisher's layout: English alone, pairs of all queries and documents, two ground truths. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeTree } from './miniatures.fixture.js';
import { type PreparedCorpus, type PrepareRequest, prepareCorpus } from './prepare.js';
import { quesst14 } from './quesst14.js';

/** quesst14Database.tgz: two English queries and one Albanian a split, three documents, one of them Czech. */
const tree = {
  'quesst14Database/Audio/quesst14_00001.wav': 0.5,
  'quesst14Database/Audio/quesst14_00002.wav': 0.5,
  'quesst14Database/Audio/quesst14_00003.wav': 0.5,
  'quesst14Database/dev_queries/quesst14_dev_0001.wav': 0.25,
  'quesst14Database/dev_queries/quesst14_dev_0002.wav': 0.25,
  'quesst14Database/dev_queries/quesst14_dev_0003.wav': 0.25,
  'quesst14Database/eval_queries/quesst14_eval_0001.wav': 0.25,
  'quesst14Database/scoring/language_key_utterances.lst':
    'quesst14Database/Audio/quesst14_00001.wav nnenglish\nquesst14Database/Audio/quesst14_00002.wav nnenglish\n' +
    'quesst14Database/Audio/quesst14_00003.wav czech\n',
  'quesst14Database/scoring/language_key_dev.lst':
    'quesst14Database/dev_queries/quesst14_dev_0001.wav nnenglish\nquesst14Database/dev_queries/quesst14_dev_0002.wav albanian\n' +
    'quesst14Database/dev_queries/quesst14_dev_0003.wav nnenglish\n',
  'quesst14Database/scoring/language_key_eval.lst':
    'quesst14Database/eval_queries/quesst14_eval_0001.wav nnenglish\n',
  'quesst14Database/scoring/groundtruth_quesst14_dev/quesst14_dev.rttm':
    'SPKR-INFO quesst14_00001 1 <NA> <NA> <NA> unknown self <NA>\n' +
    'LEXEME quesst14_00002 1 0.00 5.12 quesst14_dev_0001 lex self 0.5\n' +
    'LEXEME quesst14_00003 1 0.00 2.00 quesst14_dev_0001 lex self 0.5\n' +
    'LEXEME quesst14_00003 1 0.00 2.00 quesst14_dev_0002 lex self 0.5\n',
  'quesst14Database/scoring/groundtruth_quesst14_eval/quesst14_eval.rttm':
    'LEXEME quesst14_00001 1 0.00 5.12 quesst14_eval_0001 lex self 0.5\n',
} as const;

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'ehmam-quesst-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const prepare = (options: Partial<PrepareRequest> = {}): Promise<PreparedCorpus> =>
  prepareCorpus(quesst14, { root, out: join(root, 'manifests'), quiet: true, ...options });

const rowsOf = async (name: string): Promise<Readonly<Record<string, string>>[]> =>
  parse(await readFile(join(root, 'manifests', `${name}.csv`)), { columns: true }) as Record<
    string,
    string
  >[];

describe('prepare quesst14', () => {
  it('takes English queries and documents, these in both splits', async () => {
    await writeTree(root, tree);
    const prepared = await prepare();
    const rows = await rowsOf('qbe');
    expect(rows.map(({ id, split, role }) => [id, split, role])).toEqual([
      ['quesst14_dev_0001', 'dev', 'query'],
      ['quesst14_dev_0003', 'dev', 'query'],
      ['dev-quesst14_00001', 'dev', 'document'],
      ['dev-quesst14_00002', 'dev', 'document'],
      ['quesst14_eval_0001', 'test', 'query'],
      ['test-quesst14_00001', 'test', 'document'],
      ['test-quesst14_00002', 'test', 'document'],
    ]);
    expect(rows[3]).toMatchObject({
      path: '../quesst14Database/Audio/quesst14_00002.wav',
      name: 'quesst14_00002',
      duration: '0.5',
    });
    expect(prepared.pairs?.map(({ name, splits }) => [name, splits])).toEqual([
      ['qbe-pairs', { dev: 4, test: 2 }],
      ['qbe-pairs-all-languages', { dev: 4, test: 2 }],
    ]);
    expect(prepared.remarks).toEqual([
      '2 documents in English, expected 2438',
      '2 queries of dev in English, expected 138',
      '1 queries of test in English, expected 138',
    ]);
  });

  it('pairs every query with every document, and says what the ground truth of all languages counts', async () => {
    await writeTree(root, tree);
    await prepare({ fast: true });
    const pairs = await rowsOf('qbe-pairs');
    expect(pairs).toHaveLength(6);
    expect(pairs.filter(({ target }) => target === '1')).toEqual([
      { split: 'dev', query: 'quesst14_dev_0001', document: 'dev-quesst14_00002', target: '1' },
      { split: 'test', query: 'quesst14_eval_0001', document: 'test-quesst14_00001', target: '1' },
    ]);
    const all = await rowsOf('qbe-pairs-all-languages');
    // Two queries of dev occur anywhere, one of them in two of three documents.
    expect(all[0]).toMatchObject({
      query: 'quesst14_dev_0001',
      'truth.queries': '2',
      'truth.occurrences': '2',
      'truth.others': '1',
    });
    expect(all[2]).toMatchObject({ query: 'quesst14_dev_0003', 'truth.occurrences': '0' });
  });

  it('leaves damaged documents out of the pairs, and names what is missing', async () => {
    const { 'quesst14Database/dev_queries/quesst14_dev_0003.wav': _, ...fewer } = tree;
    await writeTree(root, { ...fewer, 'quesst14Database/Audio/quesst14_00001.wav': 'no audio' });
    const { remarks, pairs } = await prepare();
    expect(pairs?.[0]?.splits).toEqual({ dev: 1, test: 1 });
    expect(remarks).toContain('dev: 1 file is missing, the first is quesst14_dev_0003');
    expect(remarks).toContain('qbe-pairs: 2 pairs of missing utterances skipped');
  });

  it('refuses a folder without keys or ground truth, and lines that are none', async () => {
    await expect(prepare()).rejects.toThrow(/does not contain QUESST 2014: looked for scoring\/language_key/);
    const truth = 'quesst14Database/scoring/groundtruth_quesst14_dev/quesst14_dev.rttm';
    await writeTree(root, { ...tree, [truth]: 'SPEAKER x\n' });
    await expect(prepare()).rejects.toThrow(/quesst14_dev.rttm: contains no occurrence of a query/);
    await writeTree(root, { 'quesst14Database/scoring/language_key_dev.lst': 'a.wav nnenglish\n' });
    await expect(prepare()).rejects.toThrow(
      /language_key_dev.lst:1: invalid line 'a.wav nnenglish' in the key file/,
    );
  });
});

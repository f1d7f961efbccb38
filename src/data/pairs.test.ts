/** @file Tests of files of pairs: what they hold, every complaint with its line, and their hash. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { movedPairs, readPairs } from './pairs.js';
import type { Utterance } from './rows.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-pairs-'));
});
afterAll(() => rm(folder, { recursive: true }));

const utterance = (id: string, split: string): Utterance => ({
  ...{ id, split, path: `/${id}.wav`, columns: {}, line: 1, manifest: 'm.csv' },
});
const utterances = ['a', 'b', 'c'].flatMap((name) => [
  utterance(`t${name}`, 'train'),
  utterance(`e${name}`, 'test'),
]);
const wanted = { first: 'enrol', second: 'test', columns: ['target'], splits: ['dev', 'test'] };

async function read(text: string, others: Partial<typeof wanted> = {}, of = utterances) {
  const file = join(folder, 'pairs.csv');
  await writeFile(file, text);
  const { complaints, ...rest } = await readPairs(file, { ...wanted, ...others }, of);
  return { ...rest, complaints: complaints.map(({ message }) => message.replace(`${folder}/`, '')) };
}

test('pairs say where their utterances stand in their split, in the order of the file', async () => {
  const { pairs, complaints } = await read(
    'split,enrol,test,target,note\ntest,ea,ec,1,x\ntest,eb,ea,0,\ntrain,ta,tb,1,\n',
  );
  expect(complaints).toEqual([]);
  const file = join(folder, 'pairs.csv');
  expect(pairs).toEqual({
    test: [
      {
        ...{ id: 'ea ec', first: 0, second: 2, file, line: 2 },
        columns: { enrol: 'ea', test: 'ec', target: '1', note: 'x' },
      },
      {
        ...{ id: 'eb ea', first: 1, second: 0, file, line: 3 },
        columns: { enrol: 'eb', test: 'ea', target: '0', note: '' },
      },
    ],
  });
});

test('a column id names them', async () => {
  const { pairs } = await read('id,split,enrol,test,target\np1,test,ea,ea,1\n');
  expect(pairs.test?.[0]).toMatchObject({
    id: 'p1',
    columns: { enrol: 'ea', test: 'ea', target: '1' },
  });
});

test('every row that cannot be used is named with its line', async () => {
  const { pairs, complaints } = await read(
    [
      'id,split,enrol,test,target',
      '1,test,ea,gone-away,1',
      '2,test,ea,tb,1',
      '3,test,ea,eb,2',
      '4,test,ea,,1',
      '5,test,ea,ec,1',
      '6,test,ea,ec,1',
      '5,test,ec,ea,1',
      '7,dev,ea,eb,1',
      '8,,ea,eb,1',
    ].join('\n'),
  );
  expect(complaints).toEqual([
    "pairs.csv:2: the manifest has no utterance 'gone-away' (test). Use ids of the manifest",
    "pairs.csv:3: utterance 'tb' (test) is in split 'train', but the pair is in 'test'. Both utterances must be in the split of the pair",
    `pairs.csv:4: invalid value for 'target': expected 0 or 1, got "2". 1 means that the two belong together, 0 that they do not`,
    "pairs.csv:5: column 'test' is empty. Fill the cell in",
    "pairs.csv:7: duplicate pair 'ea' and 'ec' (first used on line 6). List every pair once",
    "pairs.csv:8: duplicate id '5' (first used on line 6). Every pair needs a unique id",
    "pairs.csv:9: utterance 'ea' (enrol) is in split 'test', but the pair is in 'dev'. Both utterances must be in the split of the pair",
    "pairs.csv:10: column 'split' is empty. Fill the cell in",
  ]);
  expect(pairs.test?.map(({ id }) => id)).toEqual(['5']);
});

test('a split with utterances and no pairs, and files that are none, are refused', async () => {
  const { complaints } = await read('split,enrol,test,target\n');
  expect(complaints).toEqual([expect.stringMatching(/^pairs.csv: no pairs in split 'test'/)]);
  await expect(read('split,enrol,target\n')).rejects.toThrow(/pairs.csv:1: the column 'test' is missing/);
  await expect(read('split,enrol,test,target\ntest,ea,eb\n')).rejects.toThrow(
    /:2: 3 cells, expected 4 columns/,
  );
  await expect(read('')).rejects.toThrow(
    /is empty. The first line must contain the column names: split,enrol,test/,
  );
});

test('the hash is of cells and their order, not of quotes, columns or line ends', async () => {
  const hashOf = async (text: string) => (await read(text)).hash;
  const hash = await hashOf('split,enrol,test,target\ntest,ea,ec,1\ntest,eb,ec,0\n');
  expect(await hashOf('enrol,split,target,test\r\n"ea",test,1,ec\r\neb,test,0,ec')).toBe(hash);
  for (const text of [
    'split,enrol,test,target\ntest,ea,ec,0\ntest,eb,ec,0\n',
    'split,enrol,test,target\ntest,eb,ec,0\ntest,ea,ec,1\n',
    'split,enrol,test,target\ntest,ea,ec,1\ntest,eb,ec,0\ntrain,ta,tb,1\n',
  ])
    expect(await hashOf(text)).not.toBe(hash);
});

test('pairs follow their utterances, and go where one of the two is gone', async () => {
  const { pairs } = await read('split,enrol,test,target\ntest,ea,ec,1\ntest,ea,eb,0\ntest,ec,eb,0\n');
  const before = utterances.filter(({ split }) => split === 'test');
  const moved = movedPairs(
    pairs.test ?? [],
    before,
    before.filter(({ id }) => id !== 'ea'),
  );
  expect(moved).toMatchObject([{ id: 'ec eb', first: 1, second: 0 }]);
});

/** @file Libri-light's limited sets in miniature: a manifest each, folds, held-out subsets, counts. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { loadUtterances } from '../manifest.js';
import { librispeech } from './librispeech.js';
import { finetuningTree, librispeechOtherTree, librispeechTree, writeTree } from './miniatures.fixture.js';
import { type PreparedCorpus, type PrepareRequest, prepareCorpus } from './prepare.js';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'ehmam-limited-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const out = (): string => join(root, 'manifests');

async function prepare(options: Partial<PrepareRequest> = {}): Promise<PreparedCorpus> {
  const limited = join(root, 'librispeech_finetuning');
  return prepareCorpus(librispeech, { root, limited, out: out(), quiet: true, fast: true, ...options });
}

/** `split text` of every row, with its fold. */
async function rowsOf(name: string): Promise<string[]> {
  const rows = await loadUtterances(join(out(), `${name}.csv`));
  return rows.map(({ split, columns: { text, fold = '' } }) =>
    [split, text, ...(fold ? [fold] : [])].join(' '),
  );
}

const heldOut = [
  'dev AS I APPROACHED THE CITY',
  'test-clean HE BEGAN A CONFUSED COMPLAINT',
  'test-other LOBSTERS',
];

it('writes a manifest a size, with dev-other as dev and the tests under their own names', async () => {
  await writeTree(root, { ...librispeechTree, ...librispeechOtherTree, ...finetuningTree });
  const { manifests, remarks } = await prepare({ fast: false });
  expect(manifests.map(({ name }) => name)).toEqual(['10m-fold0', '1h', '10h', '100h']);
  expect(await rowsOf('10m-fold0')).toEqual(['train ONE 0', ...heldOut]);
  expect(await rowsOf('1h')).toEqual(['train ONE 0', 'train TWO 5', ...heldOut]);
  expect(await rowsOf('10h')).toEqual(['train ONE 0', 'train TWO 5', 'train THREE', ...heldOut]);
  expect(await rowsOf('100h')).toEqual(['train CHAPTER ONE', 'train THAT HAD ITS SOURCE', ...heldOut]);
  expect(manifests[0]).toMatchObject({
    splits: { train: 1, dev: 1, 'test-clean': 1, 'test-other': 1 },
    hours: 1 / 3600,
  });
  expect(remarks).toEqual(
    expect.arrayContaining([
      '10m-fold0: 1 utterances, expected 48 (as published)',
      '1h: 2 utterances, expected 286 (as published)',
      '10h: 3 utterances, expected 2763 (as published)',
      'train-clean-100: 2 utterances, expected 28539 (as published)',
    ]),
  );
});

it('takes another fold, or all, and names one that does not exist or is not there', async () => {
  await writeTree(root, { ...librispeechTree, ...librispeechOtherTree, ...finetuningTree });
  // The folder that holds librispeech_finetuning will do.
  await prepare({ fold: '5', limited: root });
  expect(await rowsOf('10m-fold5')).toEqual(['train TWO 5', ...heldOut]);
  expect(await readdir(out())).not.toContain('10m-fold0.csv');
  await expect(prepare({ fold: '6' })).rejects.toThrow(
    "unknown fold '6' of Libri-light's ten minutes. Expected one of: 0, 1, 2, 3, 4, 5, all",
  );
  await expect(prepare({ fold: 'all' })).rejects.toThrow('does not hold fold 1: looked for 1h/1');
  await writeTree(root, {
    'librispeech_finetuning/1h/1/clean/7/8/7-8-0000.flac': '',
    // A transcript of the whole chapter, as before the set was drawn from it.
    'librispeech_finetuning/1h/1/clean/7/8/7-8.trans.txt': '7-8-0000 FOUR\n7-8-0001 FIVE\n',
    ...Object.fromEntries(
      ['2', '3', '4'].flatMap((fold) => [
        [`librispeech_finetuning/1h/${fold}/other/9/${fold}/9-${fold}-0000.flac`, ''],
        [`librispeech_finetuning/1h/${fold}/other/9/${fold}/9-${fold}.trans.txt`, `9-${fold}-0000 MORE\n`],
      ]),
    ),
  });
  const { manifests, remarks } = await prepare({ fold: 'all' });
  const names = [0, 1, 2, 3, 4, 5].map((fold) => `10m-fold${fold}`);
  expect(manifests.map(({ name }) => name)).toEqual([...names, '1h', '10h', '100h']);
  expect((await rowsOf('10m-fold1'))[0]).toBe('train FOUR 1');
  expect(remarks.join('\n')).not.toContain('missing');
});

it('takes other held-out subsets: the first dev chooses, a second keeps its name', async () => {
  await writeTree(root, { ...librispeechTree, ...librispeechOtherTree, ...finetuningTree });
  await prepare({ subsets: ['dev-other', 'dev-clean', 'test-other'] });
  expect((await rowsOf('1h')).slice(2)).toEqual([heldOut[0], 'dev-clean GO DO YOU HEAR', heldOut[2]]);
  await expect(prepare({ subsets: ['train-clean-360'] })).rejects.toThrow(
    "'train-clean-360' is for training",
  );
});

it('says what is not there: subsets and hours as remarks, the sets themselves as an error', async () => {
  const { 'LibriSpeech/README.TXT': readme } = librispeechTree;
  const hour = Object.entries(finetuningTree).filter(([path]) => !path.includes('/9h/'));
  await writeTree(root, { 'LibriSpeech/README.TXT': readme, ...Object.fromEntries(hour) });
  const { manifests, remarks } = await prepare();
  expect(manifests.map(({ name }) => name)).toEqual(['10m-fold0', '1h']);
  const missing = remarks.filter((remark) => remark.includes('is not in'));
  expect(missing.map((remark) => remark.split(' ')[0])).toEqual([
    'dev-other',
    'test-clean',
    'test-other',
    '9h',
    'train-clean-100',
  ]);
  await expect(prepare({ limited: join(root, 'LibriSpeech') })).rejects.toThrow(
    /LibriSpeech: does not hold Libri-light's limited sets: looked for 1h\/0, 9h\. Pass the folder that/,
  );
  await expect(prepare({ limited: undefined, fold: '1' })).rejects.toThrow('--fold requires --limited');
});

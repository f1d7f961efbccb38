/** @file Tests of the corpora of speakers: VoxCeleb1's trials, Libri2Mix's mixtures and RTTM. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadUtterances } from '../manifest.js';
import { readRttm } from '../rttm.js';
import { corpora } from './index.js';
import { writeTree } from './miniatures.fixture.js';
import { type PreparedCorpus, type PrepareRequest, prepareCorpus } from './prepare.js';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'ehmam-speaker-corpora-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function prepare(name: string, options: Partial<PrepareRequest> = {}): Promise<PreparedCorpus> {
  const corpus = corpora.find((one) => one.name === name);
  if (corpus === undefined) throw new Error(`no corpus ${name}`);
  return prepareCorpus(corpus, { root, out: join(root, 'manifests'), fast: true, quiet: true, ...options });
}

const linesIn = async (name: string): Promise<string[]> =>
  (await readFile(join(root, 'manifests', name), 'utf8')).trim().split('\n');

async function rowsOf(name: string): Promise<Readonly<Record<string, string>>[]> {
  const utterances = await loadUtterances(join(root, 'manifests', `${name}.csv`));
  return utterances.map(({ columns: { path: _, ...columns } }) => columns);
}

/** vox1_dev_wav.zip and vox1_test_wav.zip, with s3prl's list of trials. */
const voxceleb = {
  ...Object.fromEntries(
    ['id10001', 'id10002', 'id10003'].flatMap((speaker) =>
      ['1zcIwhmdeo4/00001', '1zcIwhmdeo4/00002', '7gWzIy6yIIk/00001'].map((path) => [
        `dev/wav/${speaker}/${path}.wav`,
        0.1,
      ]),
    ),
  ),
  'test/wav/id10270/5r0dWxy17C8/00001.wav': 0.1,
  'test/wav/id10270/5r0dWxy17C8/00002.wav': 0.1,
  'test/wav/id10300/ize_eiCFEg0/00003.wav': 0.1,
  'test/wav/id10300/unused-here/00001.wav': 0.1,
  'voxceleb1_test_v2.txt': [
    '1 id10270/5r0dWxy17C8/00001.wav id10270/5r0dWxy17C8/00002.wav',
    '0 id10270/5r0dWxy17C8/00001.wav id10300/ize_eiCFEg0/00003.wav',
    '0 id10270/5r0dWxy17C8/00001.wav id10300/ize_eiCFEg0/00009.wav',
    '',
  ].join('\n'),
};

describe('prepare voxceleb1-verification', () => {
  test('gives trials of their speakers, all others to learn from, and names what trials lack', async () => {
    await writeTree(root, voxceleb);
    const prepared = await prepare('voxceleb1-verification', { devTrials: 'none' });
    expect(prepared.manifests).toMatchObject([{ name: 'asv', splits: { train: 9, test: 3 } }]);
    expect(prepared.pairs).toMatchObject([{ name: 'asv-trials', splits: { test: 2 } }]);
    expect((await rowsOf('asv'))[0]).toEqual({
      id: 'id10001-1zcIwhmdeo4-00001',
      split: 'train',
      speaker: 'id10001',
    });
    expect(await linesIn('asv-trials.csv')).toEqual([
      'split,enrol,test,target,enrol_speaker,test_speaker',
      'test,id10270-5r0dWxy17C8-00001,id10270-5r0dWxy17C8-00002,1,id10270,id10270',
      'test,id10270-5r0dWxy17C8-00001,id10300-ize_eiCFEg0-00003,0,id10270,id10300',
    ]);
    expect(prepared.remarks).toEqual([
      'test: of the trials: 1 file is missing, the first is id10300/ize_eiCFEg0/00009.wav',
      'train and dev: 9 utterances, expected 148642 (as published)',
      "test: 3 trials, expected 37720 as in s3prl's list",
      'asv-trials: 1 pairs of missing utterances skipped',
    ]);
  });

  test('leaves the speakers of dev trials out of train: those of a list, or some that it draws, the same each time', async () => {
    await writeTree(root, voxceleb);
    const list = join(root, 'dev.txt');
    const [first, second] = ['id10002/1zcIwhmdeo4/00001.wav', 'id10002/1zcIwhmdeo4/00002.wav'];
    await writeFile(
      list,
      `1 ${first} ${second}\n1 ${first} ${second}\n1 ${first} ${first}\n0 ${first} id10003/7gWzIy6yIIk/00001.wav\n`,
    );
    const listed = await prepare('voxceleb1-verification', { devTrials: list });
    expect(listed.manifests[0]?.splits).toEqual({ train: 3, dev: 3, test: 3 });
    expect(listed.pairs?.[0]?.splits).toEqual({ dev: 2, test: 2 });
    expect(listed.remarks).toContain('dev: 2 duplicate trials, or trials of a file with itself, skipped');
    const drawn = await prepare('voxceleb1-verification');
    expect(drawn.remarks[0]).toMatch(/^dev: \d+ random trials of 2 speakers that are not in train/);
    const once = await linesIn('asv-trials.csv');
    const rows = await rowsOf('asv');
    const speakers = (split: string) =>
      new Set(rows.filter((row) => row.split === split).map((row) => row.speaker));
    expect([...speakers('train')].filter((speaker) => speakers('dev').has(speaker))).toEqual([]);
    expect(new Set(once.filter((line) => line.startsWith('dev,')).map((line) => line.split(',')[3]))).toEqual(
      new Set(['0', '1']),
    );
    expect(new Set(once).size).toBe(once.length);
    await prepare('voxceleb1-verification');
    expect(await linesIn('asv-trials.csv')).toEqual(once);
  });

  test('refuses a list that is none, by file and line, and a folder without one', async () => {
    await writeTree(root, voxceleb);
    const list = join(root, 'bad.txt');
    await writeFile(list, '1 id10270/5r0dWxy17C8/00001.wav id10270/5r0dWxy17C8/00002.wav\nid1 id2\n');
    await expect(prepare('voxceleb1-verification', { trials: list })).rejects.toThrow(
      /bad.txt:2: invalid trial 'id1 id2'. Expected lines such as: 1 id10270/,
    );
    await rm(join(root, 'voxceleb1_test_v2.txt'));
    await expect(prepare('voxceleb1-verification')).rejects.toThrow(
      /list of trials: looked for voxceleb1_test_v2/,
    );
  });
});

const mix = 'Libri2Mix/wav16k/max';
const mixtures = {
  [`${mix}/train-100/mix_both/103-1240-0000_26-495-0001.wav`]: 0.2,
  [`${mix}/train-100/mix_both/103-1240-0000_27-495-0009.wav`]: 0.2,
  [`${mix}/dev/mix_both/84-121123-0000_251-118436-0003.wav`]: 0.2,
  [`${mix}/test/mix_both/61-70968-0000_237-126133-0001.wav`]: 0.2,
  [`${mix}/metadata/mixture_test_mix_both.csv`]: 'mixture_ID,mixture_path\n',
};
const rttmLine = (file: string, start: number, duration: number, speaker: string): string =>
  `SPEAKER ${file} 1 ${start} ${duration} <NA> <NA> ${speaker} <NA> <NA>`;
/** metadata/LibriSpeech of s3prl/LibriMix: turns of utterances, by their names without the speaker. */
const utteranceTurns = {
  'metadata/LibriSpeech/train_clean_100.rttm': [
    rttmLine('1240-0000', 0.3, 2.5, '103'),
    rttmLine('1240-0000', 3.1, 1, '103'),
    rttmLine('495-0001', 0.5, 4.25, '26'),
  ].join('\n'),
  'metadata/LibriSpeech/dev_clean.rttm': [
    rttmLine('121123-0000', 0.1, 1, '84'),
    rttmLine('118436-0003', 0.2, 1, '251'),
  ].join('\n'),
  'metadata/LibriSpeech/test_clean.rttm': [
    rttmLine('70968-0000', 0, 2, '61'),
    rttmLine('126133-0001', 1, 2, '237'),
  ].join('\n'),
};

describe('prepare libri2mix', () => {
  test('puts the turns of both utterances of a mixture together', async () => {
    await writeTree(root, { ...mixtures, ...utteranceTurns });
    const prepared = await prepare('libri2mix');
    expect(prepared.manifests).toMatchObject([{ name: 'sd', splits: { train: 1, dev: 1, test: 1 } }]);
    expect((await rowsOf('sd'))[0]).toEqual({
      id: '103-1240-0000_26-495-0001',
      split: 'train',
      turns: '103 0.3 2.8; 103 3.1 4.1; 26 0.5 4.75',
    });
    expect(prepared.remarks).toContain(
      'train-100: 1 mixtures without turns in the RTTM file skipped, the first is 103-1240-0000_27-495-0009.wav',
    );
    expect(prepared.remarks).toContain('dev: 1 utterances, expected 3000 (as published)');
  });

  test('prefers the RTTM of mixtures, and makes one turn of those of a speaker that overlap', async () => {
    const id = '61-70968-0000_237-126133-0001';
    const data = {
      'data/test/rttm': [
        ';; a comment',
        `SPKR-INFO ${id} 1 <NA> <NA> <NA> unknown 61 <NA>`,
        `SPEAKER\t${id}\t1\t0.5\t2\t<NA>\t<NA>\t61\t<NA>`,
        `SPEAKER\t${id}\t1\t2.25\t1\t<NA>\t<NA>\t61\t<NA>`,
        `SPEAKER\t${id}\t1\t1\t1\t<NA>\t<NA>\t237\t<NA>`,
      ].join('\n'),
    };
    await writeTree(root, { ...mixtures, ...utteranceTurns, ...data });
    const { remarks } = await prepare('libri2mix');
    const rows = await rowsOf('sd');
    expect(rows.find((row) => row.split === 'test')?.turns).toBe('61 0.5 3.25; 237 1 2');
    expect(remarks.find((remark) => remark.includes('rttm:4'))).toMatch(
      /data\/test\/rttm:4: overlapping turns of '61' in '61-.*' \(0.5 to 2.5 s\) were merged/,
    );
  });

  test('refuses what is no mixtures, and turns that are none, by file and line', async () => {
    await expect(prepare('libri2mix')).rejects.toThrow(
      /does not contain mixtures of Libri2Mix with their turns/,
    );
    await writeTree(root, mixtures);
    await expect(prepare('libri2mix')).rejects.toThrow(
      /turns of Libri2Mix's train: looked for data\/train\/rttm/,
    );
    const file = join(root, 'bad.rttm');
    for (const line of [
      'SPEAKER a 1 x 1 <NA> <NA> s <NA>',
      'SPEAKER a 1 0 -1 <NA> <NA> s <NA>',
      'SPEAKER a 1 0',
    ]) {
      await writeFile(file, `;; first\n${line}\n`);
      await expect(readRttm(file)).rejects.toThrow(
        /bad.rttm:2: is not a turn. Expected lines such as: SPEAKER recording 1 start duration/,
      );
    }
  });
});

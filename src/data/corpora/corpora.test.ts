/** @file Tests of corpora: miniatures in their publishers' layouts become the right manifests. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadUtterances } from '../manifest.js';
import { corpora } from './index.js';
import {
  finetuningTree,
  fluentTree,
  librispeechTree,
  speechCommandsTree,
  voxcelebTree,
  writeTree,
} from './miniatures.fixture.js';
import { type PreparedCorpus, type PrepareRequest, prepareCorpus } from './prepare.js';
import { speechCommandsSet } from './speech-commands.js';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'ehmam-corpora-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function prepare(name: string, options: Partial<PrepareRequest> = {}): Promise<PreparedCorpus> {
  const corpus = corpora.find((one) => one.name === name);
  if (corpus === undefined) throw new Error(`no corpus ${name}`);
  return prepareCorpus(corpus, { root, out: join(root, 'manifests'), quiet: true, ...options });
}

/** Rows of a written manifest, read back; every audio file is there. */
async function rowsOf(name: string): Promise<Readonly<Record<string, string>>[]> {
  const utterances = await loadUtterances(join(root, 'manifests', `${name}.csv`));
  return utterances.map(({ columns: { path: _, ...columns } }) => columns);
}

describe('prepare librispeech', () => {
  it("gives SUPERB's splits with speakers, chapters, texts and durations", async () => {
    await writeTree(root, librispeechTree);
    const prepared = await prepare('librispeech');
    const rows = await rowsOf('asr');
    expect(rows).toHaveLength(4);
    const first = { id: '103-1240-0000', split: 'train', speaker: '103', chapter: '1240', duration: '0.25' };
    expect(rows[0]).toEqual({ ...first, text: 'CHAPTER ONE' });
    expect(rows.map(({ split }) => split)).toEqual(['train', 'train', 'dev', 'test']);
    expect(prepared.manifests[0]).toMatchObject({ splits: { train: 2, dev: 1, test: 1 }, hours: 1 / 3600 });
    expect(prepared.remarks[0]).toBe('train-clean-100: 2 utterances, expected 28539 (as published)');
  });

  it('takes ten minutes, one hour and ten hours of Libri-light', async () => {
    await writeTree(root, { ...librispeechTree, ...finetuningTree });
    for (const [subset, texts] of [
      ['train-10m', ['ONE']],
      ['train-1h', ['ONE', 'TWO']],
      ['train-10h', ['ONE', 'TWO', 'THREE']],
    ] as const) {
      await prepare('librispeech', { subsets: [subset], fast: true });
      expect((await rowsOf('asr')).map(({ text }) => text)).toEqual(texts);
    }
  });

  it('names audio without a transcript, and a transcript without audio', async () => {
    await writeTree(root, {
      ...librispeechTree,
      'LibriSpeech/dev-clean/84/121123/84-121123-0001.flac': '',
      'LibriSpeech/dev-clean/84/121123/84-121123.trans.txt': '84-121123-0000 GO\n84-121123-0009 GO\n',
    });
    const { remarks } = await prepare('librispeech', { subsets: ['dev-clean'], fast: true });
    expect(remarks[0]).toBe('dev-clean: 2 files are missing, the first is 84/121123/84-121123-0009.flac');
  });

  it('takes transcripts whose lines end with CRLF', async () => {
    const tree = Object.entries(librispeechTree).map(([path, text]) => [path, text.replaceAll('\n', '\r\n')]);
    await writeTree(root, Object.fromEntries(tree) as Record<string, string>);
    await prepare('librispeech', { fast: true });
    expect((await rowsOf('asr')).map(({ text }) => text)).toEqual([
      'CHAPTER ONE',
      'THAT HAD ITS SOURCE',
      'GO DO YOU HEAR',
      'HE BEGAN A CONFUSED COMPLAINT',
    ]);
  });

  it('fails where transcripts are there, and no audio at all', async () => {
    const texts = Object.entries(librispeechTree).filter(([path]) => !path.endsWith('.flac'));
    await writeTree(root, Object.fromEntries(texts));
    await expect(prepare('librispeech')).rejects.toThrow(
      /no usable utterance for asr\. train-clean-100: 2 files are missing, the first is 103\/1240\//,
    );
  });

  it('refuses a subset that there is not', async () => {
    await writeTree(root, librispeechTree);
    await expect(prepare('librispeech', { subsets: ['dev'] })).rejects.toThrow(
      "unknown subset 'dev' of LibriSpeech",
    );
    await expect(prepare('librispeech', { subsets: ['dev-other'] })).rejects.toThrow(
      'does not contain the subset dev-other: looked for LibriSpeech/dev-other',
    );
  });
});

describe('prepare speech-commands-v1', () => {
  // From testing_list.txt and validation_list.txt of the corpus; the rest of the archive is for training.
  it.each([
    ['bed/026290a7_nohash_0.wav', 'validation'],
    ['bed/060cd039_nohash_0.wav', 'validation'],
    ['bed/0c40e715_nohash_0.wav', 'testing'],
    ['bed/0ea0e2f4_nohash_0.wav', 'testing'],
    ['bed/00f0204f_nohash_0.wav', 'training'],
  ])('puts %s into %s', (path, set) => {
    expect(speechCommandsSet(path)).toBe(set);
  });

  // The first of the train split of v0.01 as the viewer of https://huggingface.co/datasets/speech_commands shows it.
  it('leaves for training what others do', () => {
    const people =
      '4a294341 43f57297 f9af823e 9ff2d2f4 651d108f 810c99be 6a1908f8 179a61b7 edd8bfe3 215699ff 14872d06 d85270c1 ' +
      '18a8f03f 47565088 62581901 11860c84 62ef962d 92b2bf59 cd911ace 5d9bb361 f638a812 f21893dc 42e3f068 d94eb94f ' +
      '716757ce 2d92f18b 46a153d8 02746d24 b3bb4dd6 b00c4c53 1365dd89 902258bb 03c96658 0b77ee66 4407ba92 7f17667c';
    const sets = people.split(' ').map((person) => speechCommandsSet(`bed/${person}_nohash_1.wav`));
    expect(sets).toEqual(Array(36).fill('training'));
  });

  it('has twelve classes, leaves the old test clips out and cuts the noise into seconds', async () => {
    await writeTree(root, speechCommandsTree);
    await prepare('speech-commands-v1');
    const rows = await rowsOf('ks');
    const spoken = rows.filter(({ label, split }) => label !== '_silence_' || split === 'test');
    expect(spoken.map(({ split, label, word }) => `${split} ${label} ${word}`)).toEqual([
      'dev _unknown_ bed',
      'train yes yes',
      'test _silence_ _silence_',
      'test _unknown_ _unknown_',
      'test yes yes',
    ]);
    const silence = rows.filter(({ label, split }) => label === '_silence_' && split !== 'test');
    expect(silence.map(({ start, split }) => `${start} ${split}`)).toEqual([
      ...Array.from({ length: 9 }, (_, i) => `${i} train`),
      '9 dev',
    ]);
    expect(rows[0]).toMatchObject({ speaker: '026290a7', duration: '0.75' });
  });

  it('asks for the separate test set', async () => {
    const words = Object.entries(speechCommandsTree).filter(([path]) => !path.includes('test_set'));
    await writeTree(root, Object.fromEntries(words));
    await expect(prepare('speech-commands-v1')).rejects.toThrow(
      'does not contain the separate test set: looked for speech_commands_test_set_v0.01',
    );
  });
});

describe('prepare voxceleb1', () => {
  it('splits as iden_split.txt says, and names what is missing', async () => {
    await writeTree(root, voxcelebTree);
    const { remarks } = await prepare('voxceleb1');
    const rows = await rowsOf('sid');
    expect(rows.map(({ id, split, speaker }) => [id, split, speaker])).toEqual([
      ['id10001-1zcIwhmdeo4-00001', 'test', 'id10001'],
      ['id10001-7gWzIy6yIIk-00001', 'train', 'id10001'],
      ['id10270-5r0dWxy17C8-00002', 'dev', 'id10270'],
    ]);
    expect(remarks[0]).toBe('iden_split.txt: 1 file is missing, the first is id10001/7gWzIy6yIIk/00002.wav');
    expect(remarks).toContain('train: 1 utterances, expected 138361 (as published)');
  });

  it('names the line of a split that cannot be', async () => {
    await writeTree(root, { ...voxcelebTree, 'iden_split.txt': '4 id10001/x/00001.wav\n' });
    await expect(prepare('voxceleb1')).rejects.toThrow('iden_split.txt:1:');
  });
});

describe('prepare fluent-speech-commands', () => {
  it('keeps the slots and the splits of the CSV files', async () => {
    await writeTree(root, fluentTree);
    await prepare('fluent-speech-commands');
    const rows = await rowsOf('ic');
    expect(rows.map(({ split }) => split)).toEqual(['train', 'dev', 'test']);
    expect(rows[1]).toEqual({
      id: '7NEaXjeLX3sg3yDB-2c2bc4c0',
      duration: '0.5',
      split: 'dev',
      speaker: '7NEaXjeLX3sg3yDB',
      text: 'Turn up the heat, please',
      'intent.action': 'increase',
      'intent.object': 'heat',
      'intent.location': 'none',
    });
  });
});

describe('prepare fluent-speech-commands from an editor of its own', () => {
  it('takes a byte-order mark before the column without a name', async () => {
    const tree = Object.entries(fluentTree).map(([path, text]) => [
      path,
      typeof text === 'string' ? `\ufeff${text.replaceAll('\n', '\r\n')}` : text,
    ]);
    await writeTree(root, Object.fromEntries(tree) as Record<string, string | number>);
    await prepare('fluent-speech-commands');
    expect((await rowsOf('ic')).map((row) => row['intent.action'])).toEqual([
      'change language',
      'increase',
      'activate',
    ]);
  });
});

describe('prepare folder', () => {
  const tree = Object.fromEntries(
    Array.from({ length: 60 }, (_, i) => [`birds/s${i % 20}/${i < 30 ? 'wren' : 'robin'}/${i}.wav`, 0.1]),
  );

  it('takes labels from folders and keeps every speaker in one split', async () => {
    await writeTree(root, tree);
    await prepare('folder', { root: join(root, 'birds'), labelFromParent: true, splitBySpeaker: true });
    const rows = await rowsOf('birds');
    expect(rows).toHaveLength(60);
    expect(rows[0]).toMatchObject({ id: 's0-robin-40', label: 'robin', speaker: 's0' });
    for (const speaker of new Set(rows.map((row) => row.speaker))) {
      const splits = new Set(rows.filter((row) => row.speaker === speaker).map(({ split }) => split));
      expect(splits.size).toBe(1);
    }
    expect(new Set(rows.map(({ split }) => split)).size).toBe(3);
  });

  it('joins a CSV of texts, and names audio without text and text without audio', async () => {
    await writeTree(root, { 'in/a.wav': 0.1, 'in/b.wav': 0.1 });
    const texts = join(root, 'texts.csv');
    await writeFile(texts, '\ufeffpath,text,split\r\na.wav,"so, so",train\r\nc.wav,no,dev\r\n');
    const { remarks } = await prepare('folder', { root: join(root, 'in'), texts });
    expect(await rowsOf('in')).toEqual([{ id: 'a', duration: '0.1', split: 'train', text: 'so, so' }]);
    expect(remarks).toEqual([
      'audio of the texts: 1 file is missing, the first is c.wav',
      `1 audio files have no row in ${texts}`,
    ]);
  });

  it('leaves a damaged file out and says so; with --fast it goes unnoticed', async () => {
    await writeTree(root, { 'in/a.wav': 0.1, 'in/b.wav': 'RIFF', 'in/c.wav': 0, 'in/._a.wav': 'macOS' });
    const { remarks } = await prepare('folder', { root: join(root, 'in') });
    expect(remarks).toHaveLength(2);
    expect(remarks[0]).toMatch(/^skipped: .*b\.wav: is not a supported audio file/);
    expect(remarks[1]).toMatch(/^skipped: .*c\.wav: the audio file has no samples$/);
    expect(await rowsOf('in')).toHaveLength(1);
    await prepare('folder', { root: join(root, 'in'), fast: true });
    expect(await rowsOf('in')).toHaveLength(3);
  });
});

/** @file Tests of corpora as Kaldi, NeMo, Lhotse, Hugging Face's datasets and WebDataset have them on disk. */
import { copyFile, cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readAudio } from '../../../audio/index.js';
import { writeTar } from '../../archives/archives.fixture.js';
import { readUtterance } from '../../audio.js';
import { hashManifest, loadUtterances, type Utterance } from '../../manifest.js';
import { writeTree } from '../miniatures.fixture.js';
import type { PreparedCorpus } from '../prepare.js';
import { prepareToolkit, type ToolkitRequest, toolkits } from './index.js';

/** By test/fixtures/scripts/toolkits.py. */
const fixtures = resolve('test/fixtures/toolkits');

let base: string;
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'ehmam-toolkits-'));
});
afterEach(() => rm(base, { recursive: true, force: true }));

/** Writes files below the test's folder: texts, or seconds of speech. */
const files = (tree: Readonly<Record<string, string | number>>): Promise<void> => writeTree(base, tree);
const at = (path: string): string => join(base, path);

async function prepare(
  name: string,
  inputs: readonly string[],
  options: Partial<ToolkitRequest> = {},
): Promise<PreparedCorpus & { readonly rows: readonly Utterance[] }> {
  const toolkit = toolkits.find((each) => each.name === name);
  if (toolkit === undefined) throw new Error(`no toolkit ${name}`);
  const prepared = await prepareToolkit(toolkit, { inputs, out: at('manifests'), quiet: true, ...options });
  const rows = await loadUtterances(at(`manifests/${name}.csv`));
  return { ...prepared, rows };
}

/** What a row says, without what stands on every row. */
function said({ columns }: Utterance): Record<string, string> {
  const { path: _, ...rest } = columns;
  return Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== ''));
}

describe('prepare kaldi', () => {
  const folder = (name: string, extra: Readonly<Record<string, string>> = {}) =>
    Object.fromEntries(Object.entries(extra).map(([file, text]) => [`s5/data/${name}/${file}`, text]));

  it('reads data/train, data/dev and data/test with segments, texts and speakers', async () => {
    await files({
      's5/wav/r1.wav': 1,
      's5/wav/r2.wav': 0.5,
      's5/wav/r3.wav': 0.4,
      ...folder('train', {
        'wav.scp': 'r1 wav/r1.wav\nr2\twav/r2.wav\r\n',
        segments: 'u1 r1 0.00 0.40\nu2 r1 0.4 -1\nu3 r2 0.1 0.52\n',
        text: 'u1 one two\nu2\tthree\nu3 \u4e09\n',
        utt2spk: 'u1 s1\nu2 s1\nu3 s2\n',
        spk2gender: 's1 f\ns2 m\n',
        utt2lang: 'u1 en\nu2 en\nu3 zh\n',
      }),
      ...folder('dev', { 'wav.scp': 'd1 wav/r3.wav\n', text: 'd1 four\n', utt2spk: 'd1 s3\n' }),
      ...folder('eval92', { 'wav.scp': 'r3 wav/r3.wav\n' }),
      ...folder('local', { 'notes.txt': 'x' }),
    });
    const { rows, remarks, manifests } = await prepare('kaldi', [at('s5/data')]);
    expect(rows.map(said)).toEqual([
      {
        id: 'u1',
        start: '0',
        duration: '0.4',
        split: 'train',
        speaker: 's1',
        text: 'one two',
        gender: 'f',
        language: 'en',
      },
      {
        id: 'u2',
        start: '0.4',
        duration: '0.6',
        split: 'train',
        speaker: 's1',
        text: 'three',
        gender: 'f',
        language: 'en',
      },
      {
        id: 'u3',
        start: '0.1',
        duration: '0.4',
        split: 'train',
        speaker: 's2',
        text: '\u4e09',
        gender: 'm',
        language: 'zh',
      },
      { id: 'd1', duration: '0.4', split: 'dev', speaker: 's3', text: 'four' },
      { id: 'r3', duration: '0.4', split: 'test' },
    ]);
    expect(remarks).toEqual([]);
    expect(manifests[0]?.splits).toEqual({ train: 3, dev: 1, test: 1 });
    expect(await readUtterance(rows[1] as Utterance)).toHaveLength(9600);
  });

  it('leaves out utterances that a file of the folder does not know, and says so', async () => {
    await files({
      'r1.wav': 0.3,
      'train/wav.scp': 'u1 r1.wav\nu2 r1.wav\nu3 gone.wav\n',
      'train/text': 'u1 one\nu3 x\n',
    });
    const { rows, remarks } = await prepare('kaldi', [at('train')]);
    expect(rows.map(({ id }) => id)).toEqual(['u1']);
    expect(remarks).toEqual([
      `${at('train')}: 1 utterance is left out: 'u2' has not a line in text, for example`,
      `the audio: 1 file is missing, the first is ${at('gone.wav')} (${at('train/wav.scp')}:3); the utterances are left out`,
    ]);
  });

  it('refuses commands by name, with what to do, and archives', async () => {
    const refused = async (line: string): Promise<string> => {
      await files({ 'r1.wav': 0.3, 'train/wav.scp': `u0 r1.wav\n${line}\n` });
      return prepare('kaldi', [at('train')]).then(
        () => 'taken',
        (error: Error) => error.message,
      );
    };
    expect(await refused('u1 flac -c -d -s /data/a.flac |')).toBe(
      `${at('train/wav.scp')}:2: 'u1' is a command, and commands are not run: flac -c -d -s /data/a.flac |. ` +
        'Write what it gives to a file, and name that: flac -c -d -s /data/a.flac > wav/u1.wav; ' +
        'if nothing else is done to it, name the file itself: u1 /data/a.flac',
    );
    expect(await refused('u1 sph2pipe a.sph | sox - -t wav - |')).not.toContain('name the file itself');
    expect(await refused('u1 data/wav.ark:17')).toContain("'data/wav.ark:17' lies in an archive of Kaldi's");
    expect(await refused('u0 r2.wav')).toContain("wav.scp:2: 'u0' stands on line 1 already");
    expect(await refused('u1')).toContain("'u1' names no file");
  });

  it('refuses segments that are none, and texts that are not UTF-8', async () => {
    await files({ 'r.wav': 0.3, 'train/wav.scp': 'r r.wav\n', 'train/segments': 'u r 0.2 0.1\n' });
    await expect(prepare('kaldi', [at('train')])).rejects.toThrow(
      `${at('train/segments')}:1: the segment 'u' is 'r 0.2 0.1'. It must be: UTTERANCE RECORDING START END`,
    );
    await writeFile(at('train/segments'), 'u r 0.0 0.1\n');
    await writeFile(at('train/text'), Buffer.from('u \xc4\xe3\n', 'latin1'));
    await expect(prepare('kaldi', [at('train')])).rejects.toThrow(/train\/text:1: is not UTF-8 text.*iconv/);
  });

  it('asks where folders or names do not tell the split', async () => {
    await files({ 'r.wav': 0.3, 'data/train_a/wav.scp': 'u r.wav\n', 'data/train_b/wav.scp': 'u r.wav\n' });
    await expect(prepare('kaldi', [at('data')])).rejects.toThrow(
      `has several folders for train: train_a, train_b. Name those you want: train=${at('data/train_a')}`,
    );
    await files({ 'train_dev/wav.scp': 'u r.wav\n' });
    await expect(prepare('kaldi', [at('train_dev')])).rejects.toThrow('nothing tells which split it is for');
    const { rows } = await prepare('kaldi', [`dev=${at('train_dev')}`, `train=${at('data/train_a')}`]);
    expect(rows.map(({ split }) => split)).toEqual(['dev', 'train']);
    expect(new Set(rows.map(({ id }) => id)).size).toBe(2);
  });

  it('takes the channels of recordings that share a file', async () => {
    await mkdir(at('train'));
    await copyFile(join(fixtures, 'audio/stereo.wav'), at('train/s.wav'));
    await writeFile(at('train/wav.scp'), 'c-A s.wav\nc-B s.wav\n');
    await writeFile(at('train/reco2file_and_channel'), 'c-A c A\nc-B c B\n');
    const { rows } = await prepare('kaldi', [at('train')]);
    expect(rows.map(({ channel }) => channel)).toEqual([1, 2]);
  });
});

describe('prepare nemo', () => {
  const lines = (...values: readonly object[]): string =>
    values.map((value) => `${JSON.stringify(value)}\n`).join('');

  it('reads offsets, durations and other fields, relative to the manifest', async () => {
    await files({
      'c/wav/a.wav': 1,
      'c/train.jsonl': lines(
        { audio_filepath: 'wav/a.wav', duration: 1, text: 'one', speaker: 's1', lang: 'en', words: ['x'] },
        { audio_filepath: 'wav/a.wav', offset: 0.25, duration: 0.5, text: 'two', path: '/x', id: 7 },
        { audio_filepath: 'wav/a.wav', offset: 0.5, text: '', label: 'yes' },
      ),
      'c/eval.jsonl': lines({ audio_filepath: at('c/wav/a.wav'), duration: 0.4, text: 'stated wrongly' }),
    });
    const { rows, remarks } = await prepare('nemo', [at('c/train.jsonl'), at('c/eval.jsonl')]);
    expect(rows.map(said)).toEqual([
      {
        id: expect.stringMatching(/^a-[0-9a-f]{8}$/),
        duration: '1',
        split: 'train',
        speaker: 's1',
        text: 'one',
        lang: 'en',
      },
      { id: '7', start: '0.25', duration: '0.5', split: 'train', text: 'two', source_path: '/x' },
      { id: 'a-0.5', start: '0.5', duration: '0.5', split: 'train', label: 'yes' },
      { id: expect.stringMatching(/^a-[0-9a-f]{8}/), duration: '1', split: 'test', text: 'stated wrongly' },
    ]);
    expect(remarks).toEqual([
      "2 utterances share their id with another ('a', for example): theirs end on a digest of the path",
      expect.stringContaining(
        'the file of 1 utterance is not as long as the corpus says: its own length counts',
      ),
    ]);
  });

  it('leaves out spans that the audio does not reach, and ends those that overshoot a little with it', async () => {
    await files({
      'a.wav': 1,
      'train.jsonl': lines(
        { audio_filepath: 'a.wav', offset: 0.5, duration: 0.8, text: 'a little' },
        { audio_filepath: 'a.wav', offset: 0.25, duration: 9, text: 'far' },
        { audio_filepath: 'a.wav', offset: 3, duration: 0.1, text: 'behind' },
      ),
    });
    const { rows, remarks } = await prepare('nemo', [at('train.jsonl')]);
    expect(rows.map(said)).toMatchObject([{ start: '0.5', duration: '0.5', text: 'a little' }]);
    expect(remarks).toEqual([
      `left out: the audio of 2 utterances ends before they do: 'a-0.25' (${at('train.jsonl')}:2), for example, from 0.25 s, 9 s long, in 1.000 s of audio`,
      expect.stringContaining('the end of 1 utterance lies behind that of the audio'),
    ]);
  });

  it.each([
    ['{"audio_filepath": "a.wav"}\n{"audio_filepath": \n', /train\.jsonl:2: is no JSON/],
    ['[\n{"audio_filepath": "a.wav"}]\n', /train\.jsonl:1: is no JSON .*jq -c/],
    ['["a.wav"]\n', /train\.jsonl:1: is a JSON list, no object/],
    ['{"audio_filepath": "a.wav", "duration": -1}\n', /:1: 'duration' is -1, no number of seconds/],
    ['{"audio_filepath": "a.wav", "duration": 0}\n', /:1: 'duration' is 0: there is nothing to hear/],
    ['{"text": "x"}\n', /:1: has no 'audio_filepath'. Its fields are: text/],
    ['{"audio_filepath": "a.wav", "shard_id": 0}\n', /:1: names members of tar shards/],
    ['{"audio_filepath": "s3://b/a.wav"}\n', /:1: 's3:\/\/b\/a\.wav' lies elsewhere/],
    ['{"audio_filepath": "b.wav"}\n', /:1: none of the audio is there: 'b\.wav' was looked for in .*--root/],
    ['', /holds no utterances/],
  ])('refuses %j with file and line', async (text, message) => {
    await files({ 'a.wav': 0.2, 'train.jsonl': text });
    await expect(prepare('nemo', [at('train.jsonl')])).rejects.toThrow(message);
  });

  it('reads absolute paths of another machine below --root', async () => {
    await files({
      'here/LS/dev/a.wav': 0.2,
      'train.jsonl': lines({ audio_filepath: '/export/corpora/LS/dev/a.wav', text: 'x' }),
    });
    const { rows, remarks } = await prepare('nemo', [at('train.jsonl')], { root: at('here') });
    expect(rows[0]?.path).toBe(at('here/LS/dev/a.wav'));
    expect(remarks).toEqual([`paths below /export/corpora are read below ${at('here')}`]);
  });

  it('draws splits by id or by speaker, and renames columns', async () => {
    const rows = Array.from({ length: 60 }, (_, i) => ({
      audio_filepath: 'a.wav',
      id: `u${i}`,
      who: `s${i % 12}`,
      pred: 'p',
    }));
    await files({ 'a.wav': 0.2, 'all.jsonl': lines(...rows) });
    await expect(prepare('nemo', [at('all.jsonl')])).rejects.toThrow('nothing tells which split');
    const drawn = (await prepare('nemo', [at('all.jsonl')], { split: 'drawn' })).rows;
    expect(new Set(drawn.map(({ split }) => split))).toEqual(new Set(['train', 'dev', 'test']));
    const columns = { speaker: 'who', text: 'pred' };
    const bySpeaker = (await prepare('nemo', [at('all.jsonl')], { splitBySpeaker: true, columns })).rows;
    const splits = new Map<string, Set<string>>();
    for (const {
      split,
      columns: { speaker = '' },
    } of bySpeaker)
      splits.set(speaker, (splits.get(speaker) ?? new Set()).add(split));
    expect([...splits.values()].every(({ size }) => size === 1)).toBe(true);
    expect(bySpeaker[0]?.columns.text).toBe('p');
    await expect(
      prepare('nemo', [at('all.jsonl')], { split: 'dev', columns: { text: 'prd' } }),
    ).rejects.toThrow("no row has 'prd', which --columns takes for text. There are: pred, who");
  });
});

describe('prepare lhotse', () => {
  it('reads recordings and supervisions of a folder, gzipped, with channels', async () => {
    const { rows, remarks } = await prepare('lhotse', [join(fixtures, 'lhotse')]);
    expect(rows.map(said)).toEqual([
      {
        id: 'a-1',
        start: '0',
        duration: '0.1',
        split: 'train',
        speaker: 's1',
        text: 'one',
        language: 'en',
        dialect: 'x',
      },
      { id: 'a-2', start: '0.1', duration: '0.1', split: 'train', speaker: 's2', text: 'two', gender: 'F' },
      { id: 'b-1', duration: '0.1', split: 'train', speaker: 's1', text: 'three' },
      { id: 'stereo-l', duration: '0.1', split: 'train', speaker: 's2', text: 'four', channel: '1' },
      { id: 'stereo-r', duration: '0.1', split: 'train', speaker: 's1', text: 'five', channel: '2' },
      { id: 'stereo-both', duration: '0.1', split: 'train', speaker: 's1', text: 'six' },
    ]);
    expect(remarks).toEqual([]);
  });

  it('reads cuts: one with one supervision is an utterance, one with several is several', async () => {
    const untrimmed = (await prepare('lhotse', [join(fixtures, 'lhotse/cuts_dev.jsonl')])).rows;
    const trimmed = (await prepare('lhotse', [join(fixtures, 'lhotse/trimmed_test.jsonl.gz')])).rows;
    const places = (rows: readonly Utterance[]) =>
      rows.map(({ id, startSeconds = 0, durationSeconds, columns }) => [
        id,
        startSeconds,
        durationSeconds,
        columns.text,
      ]);
    expect(places(untrimmed)).toEqual([
      ['a-1', 0, 0.1, 'one'],
      ['a-2', 0.1, 0.1, 'two'],
      ['b-1', 0, 0.1, 'three'],
    ]);
    expect(places(trimmed)).toEqual(places(untrimmed));
    expect(trimmed.map(({ split }) => split)).toEqual(['test', 'test', 'test']);
  });

  it('refuses what is in no file, mixed, or changed when it is read, by name', async () => {
    const odd = (name: string) => prepare('lhotse', [join(fixtures, 'lhotse/odd', `${name}.jsonl`)]);
    await expect(odd('command_recordings_train')).rejects.toThrow(
      "command_recordings_train.jsonl:1: the recording 'c' is of the type 'command' (sox a.wav -t wav -), no file. Save the audio",
    );
    await expect(odd('mixed_test')).rejects.toThrow(/mixed_test\.jsonl:1: the cut '.*' is a MixedCut/);
    await expect(odd('perturbed_test')).rejects.toThrow(
      "the recording 'a_sp1.1' is changed when it is read (Speed)",
    );
  });

  it('asks for the recordings of supervisions, and takes recordings alone', async () => {
    const [recordings, supervisions] = [
      'mini_recordings_train.jsonl.gz',
      'mini_supervisions_train.jsonl.gz',
    ].map((name) => join(fixtures, 'lhotse', name)) as [string, string];
    await expect(prepare('lhotse', [supervisions])).rejects.toThrow(
      "none of its recordings is known: 'a' (line 1), for example. Give the recordings",
    );
    expect((await prepare('lhotse', [recordings])).rows.map(({ id }) => id)).toEqual(['a', 'b', 'stereo']);
    await expect(prepare('lhotse', [recordings, recordings])).rejects.toThrow(/stands at .*:1 already/);
  });
});

/** The audio of rows, read in place, and as it was packed. */
async function lengths(rows: readonly Utterance[]): Promise<number[]> {
  const all: number[] = [];
  for (const row of rows) all.push((await readUtterance(row)).length);
  return all;
}

describe('prepare parquet', () => {
  const train = join(fixtures, 'parquet/train-00000-of-00001.parquet');

  it("reads audio in place, found columns, and classes by datasets' own names", async () => {
    const { rows, remarks } = await prepare('parquet', [train]);
    expect(rows.map(said).slice(0, 2)).toEqual([
      {
        id: 'c0',
        duration: '0.05',
        split: 'train',
        speaker: 's0',
        text: 'one',
        number: '3',
        intent: 'down',
        good: 'true',
        weight: '0',
      },
      {
        id: 'c1',
        duration: '0.06',
        split: 'train',
        speaker: 's1',
        text: 'zw\u00f6lf \u4e09',
        number: '-1',
        intent: 'left',
        good: 'false',
        weight: '0.25',
      },
    ]);
    expect(rows[0]?.path).toBe(`${train}#audio.bytes@0+1644=0ed5a6e6`);
    // 0.05 s and 0.01 s more in each row, at any rate.
    expect(await lengths(rows)).toEqual([800, 960, 1120, 1280, 1440, 1600]);
    expect(remarks).toEqual([
      "text is the column 'sentence' (--columns text=NAME takes another)",
      "speaker is the column 'client_id' (--columns speaker=NAME takes another)",
    ]);
    const part = { ...(rows[5] as Utterance), startSeconds: 0.05, durationSeconds: 0.025 };
    expect(await readUtterance(part)).toHaveLength(400);
  });

  it('writes the same audio out on request, and goes on where it was stopped', async () => {
    const inPlace = (await prepare('parquet', [train])).rows;
    const options = { unpack: at('audio'), columns: { text: 'sentence', label: 'intent' } };
    const unpacked = (await prepare('parquet', [train], options)).rows;
    expect(unpacked.map(({ id }) => id)).toEqual(inPlace.map(({ id }) => id));
    const places = unpacked.map(({ path }) => path.slice(at('audio/train-00000-of-00001/').length));
    expect(places).toEqual([
      '000000.wav',
      '000001.flac',
      '000002.wav',
      '000003.ogg',
      '000004.flac',
      '000005.wav',
    ]);
    for (const [i, row] of unpacked.entries())
      expect(await readUtterance(row)).toEqual(await readUtterance(inPlace[i] as Utterance));
    // A call that was killed leaves some files, and one under another name.
    await rm(unpacked[3]?.path as string);
    await writeFile(at('audio/train-00000-of-00001/.000003.ogg.part'), 'cut');
    await prepare('parquet', [train], options);
    expect(await readdir(at('audio/train-00000-of-00001'))).toEqual(places);
    await writeFile(unpacked[0]?.path as string, 'another');
    await expect(prepare('parquet', [train], options)).rejects.toThrow(
      'is there already, with other contents',
    );
  });

  it('notices when the file was made anew with other audio, and hashes what it holds', async () => {
    const copy = at('train.parquet');
    await copyFile(train, copy);
    const { rows } = await prepare('parquet', [copy]);
    const hash = await hashManifest(at('manifests/parquet.csv'));
    await copyFile(join(fixtures, 'parquet/zstd.parquet'), copy);
    expect(await lengths(rows)).toHaveLength(6); // The same audio, packed in another way.
    expect(await hashManifest(at('manifests/parquet.csv'))).toBe(hash);
    const text = await readFile(at('manifests/parquet.csv'), 'utf8');
    await writeFile(at('manifests/parquet.csv'), text.replace('@0+1644=0ed5a6e6', '@5+1644=0ed5a6e6'));
    expect(await hashManifest(at('manifests/parquet.csv'))).not.toBe(hash);
    const [moved] = await loadUtterances(at('manifests/parquet.csv'));
    await expect(readUtterance(moved as Utterance)).rejects.toThrow(
      /utterance 'c0': .*lies there no more: the row has 3244 bytes. The file was made anew/,
    );
    await rm(copy);
    await expect(loadUtterances(at('manifests/parquet.csv'))).rejects.toThrow(
      `is not at ${copy}#audio.bytes@5+1644`,
    );
  });

  it('says what is missing in files without audio, or with more', async () => {
    await expect(prepare('parquet', [join(fixtures, 'parquet/decoded-samples.parquet')])).rejects.toThrow(
      'has no column of audio. It holds decoded samples: write it with audio as bytes',
    );
    await expect(prepare('parquet', [train], { columns: { audio: 'sound' } })).rejects.toThrow(
      "has no bytes in a column 'sound'",
    );
    await files({ 'a.parquet': 'x', 'b.txt': 'y' });
    await expect(prepare('parquet', [at('a.parquet')])).rejects.toThrow('is no Parquet file');
    await expect(prepare('parquet', [at('b.txt')])).rejects.toThrow('is not named as Parquet files are');
  });

  it('finds the files of a folder, each split by name or by folder', async () => {
    for (const path of ['d/validation-00000-of-00001.parquet', 'd/test/0000.parquet']) {
      await mkdir(dirname(at(path)), { recursive: true });
      await symlink(train, at(path));
    }
    const { rows } = await prepare('parquet', [at('d')]);
    expect(rows.filter(({ split }) => split === 'dev')).toHaveLength(6);
    expect(rows.filter(({ split }) => split === 'test')).toHaveLength(6);
    expect(rows).toHaveLength(12);
  });
});

describe('prepare webdataset', () => {
  const shards = join(fixtures, 'webdataset');

  it('reads audio in place, with texts, classes and JSON beside it', async () => {
    const { rows, remarks } = await prepare('webdataset', [join(shards, 'train-000000.tar')]);
    expect(rows.map(said)).toEqual([
      { id: 's1-utt-1', duration: '0.1', split: 'train', speaker: 's1', text: 'one' },
      { id: 's1-utt-2', duration: '0.1', split: 'train', text: 'two \u4e8c', label: '3' },
      { id: `s2-${'long-'.repeat(24)}utt`, duration: '0.12', split: 'train', text: 'three' },
      { id: 's2-\u00fctt', duration: '0.2', split: 'train', text: 'four' },
    ]);
    expect(await lengths(rows)).toEqual([1600, 1600, 1920, 3200]);
    expect(remarks).toEqual([expect.stringContaining("1 samples have no audio ('no-audio', for example)")]);
  });

  it('reads compressed shards when it may unpack them, to the same audio', async () => {
    const packed = join(shards, 'test-000000.tar.gz');
    await expect(prepare('webdataset', [packed])).rejects.toThrow(
      'is compressed: what lies in it cannot be read in place',
    );
    const { rows } = await prepare('webdataset', [packed], { unpack: at('audio') });
    expect(rows[0]?.path).toBe(at('audio/test-000000/s1/utt-1.flac'));
    const inPlace = (await prepare('webdataset', [join(shards, 'train-000000.tar')])).rows;
    for (const row of rows) {
      const other = inPlace.find(({ id }) => id === row.id);
      expect(await readAudio(row.path)).toEqual(await readUtterance(other as Utterance));
    }
  });

  it('notices when a shard was packed anew', async () => {
    await cp(shards, at('s'), { recursive: true });
    const { rows } = await prepare('webdataset', [at('s/train-000000.tar')]);
    const hash = await hashManifest(at('manifests/webdataset.csv'));
    const clip = await readFile(join(fixtures, 'audio/b.wav'));
    await writeTar(at('s/train-000000.tar'), [
      [{ name: 'a.wav' }, clip],
      [{ name: 'b.wav' }, clip],
      [{ name: 'c.wav' }, Buffer.alloc(20_000)],
    ]);
    expect(await hashManifest(at('manifests/webdataset.csv'))).not.toBe(hash);
    await expect(readUtterance(rows[0] as Utterance)).rejects.toThrow(/lies there no more: 'a\.wav' does/);
    await expect(readUtterance(rows[1] as Utterance)).rejects.toThrow(/lies there no more: /);
  });

  it.each([
    [
      'two of a name',
      [
        ['a.wav', 'x'],
        ['a.wav', 'y'],
      ],
      "holds 'a.wav' twice",
    ],
    [
      'two kinds of audio',
      [
        ['a.wav', 'x'],
        ['a.flac', 'y'],
      ],
      "'a' has 2 members of audio: wav, flac. Say which to take: --columns audio=wav",
    ],
    ['no audio', [['a.txt', 'x']], 'holds no sample with audio'],
    [
      'JSON that is none',
      [
        ['a.wav', 'x'],
        ['a.json', '{'],
      ],
      "its member 'a.json' is no JSON",
    ],
    [
      'texts that are not UTF-8',
      [
        ['a.wav', 'x'],
        ['a.txt', Buffer.from([0xc4, 0xe3])],
      ],
      "its member 'a.txt' is not UTF-8 text",
    ],
  ] as const)('refuses %s', async (_, entries, message) => {
    await writeTar(
      at('train.tar'),
      entries.map(([name, content]) => [{ name }, content] as const),
    );
    await expect(prepare('webdataset', [at('train.tar')])).rejects.toThrow(message);
  });

  it('passes over what macOS packs beside every file', async () => {
    const clip = await readFile(join(fixtures, 'audio/b.wav'));
    await writeTar(at('train.tar'), [
      [{ name: './._a.wav' }, 'fork'],
      [{ name: './a.wav' }, clip],
      [{ name: './a.txt' }, 'one\n'],
    ]);
    const { rows } = await prepare('webdataset', [at('train.tar')]);
    expect(rows.map(({ id, columns }) => [id, columns.text])).toEqual([['a', 'one']]);
  });
});

describe('any toolkit', () => {
  it('reads gzipped texts, and says when there is nothing to read', async () => {
    await files({ 'a.wav': 0.2 });
    await writeFile(at('train.jsonl.gz'), gzipSync('{"audio_filepath": "a.wav"}\n'));
    expect((await prepare('nemo', [at('train.jsonl.gz')])).rows).toHaveLength(1);
    for (const { name } of toolkits) {
      await expect(prepare(name, [])).rejects.toThrow(`${name} needs its files`);
      await expect(prepare(name, [at('not-there')])).rejects.toThrow(/not-there: .*cannot be read/);
    }
    await expect(prepare('nemo', [at('train.jsonl.gz')], { unpack: at('x') })).rejects.toThrow(
      'nemo has no --unpack',
    );
  });
});

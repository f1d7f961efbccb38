/** @file Tests of Kaldi's data folders as they are on disks. */
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readUtterance } from '../../audio.js';
import type { Utterance } from '../../manifest.js';
import { at, files, fixtures, prepare, said, useFolder } from './toolkits.fixture.js';

useFolder();

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
      `${at('train')}: 1 utterance skipped, for example 'u2': no line in text`,
      `the audio: 1 file is missing, the first is ${at('gone.wav')} (${at('train/wav.scp')}:3); the utterances are skipped`,
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
      `${at('train/wav.scp')}:2: 'u1' is a command, which ehmam does not run: flac -c -d -s /data/a.flac |. ` +
        'Write its output to a file, and use that file: flac -c -d -s /data/a.flac > wav/u1.wav; ' +
        'if the command does nothing else, use the file itself: u1 /data/a.flac',
    );
    expect(await refused('u1 sph2pipe a.sph | sox - -t wav - |')).not.toContain('use the file itself');
    expect(await refused('u1 data/wav.ark:17')).toContain(
      "'data/wav.ark:17' is in a Kaldi archive, which is not supported",
    );
    expect(await refused('u0 r2.wav')).toContain("wav.scp:2: duplicate key 'u0' (first used on line 1)");
    expect(await refused('u1')).toContain("'u1' has no file");
  });

  it('refuses segments that are none, and texts that are not UTF-8', async () => {
    await files({ 'r.wav': 0.3, 'train/wav.scp': 'r r.wav\n', 'train/segments': 'u r 0.2 0.1\n' });
    await expect(prepare('kaldi', [at('train')])).rejects.toThrow(
      `${at('train/segments')}:1: invalid segment 'u': 'r 0.2 0.1'. Expected UTTERANCE RECORDING START END`,
    );
    await writeFile(at('train/segments'), 'u r 0.0 0.1\n');
    await writeFile(at('train/text'), Buffer.from('u \xc4\xe3\n', 'latin1'));
    await expect(prepare('kaldi', [at('train')])).rejects.toThrow(/train\/text:1: is not UTF-8 text.*iconv/);
  });

  it('asks where folders or names do not tell the split', async () => {
    await files({ 'r.wav': 0.3, 'data/train_a/wav.scp': 'u r.wav\n', 'data/train_b/wav.scp': 'u r.wav\n' });
    await expect(prepare('kaldi', [at('data')])).rejects.toThrow(
      `has several folders for split train: train_a, train_b. Choose one: train=${at('data/train_a')}`,
    );
    await files({ 'train_dev/wav.scp': 'u r.wav\n' });
    await expect(prepare('kaldi', [at('train_dev')])).rejects.toThrow('unknown split of this input');
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

/** @file Tests of WebDataset's shards as they are on disks. */
import { cp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readAudio } from '../../../audio/index.js';
import { writeTar } from '../../archives/archives.fixture.js';
import { readUtterance } from '../../audio.js';
import { hashManifest, type Utterance } from '../../manifest.js';
import { at, fixtures, lengths, prepare, said, useFolder } from './toolkits.fixture.js';

useFolder();

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
    expect(remarks).toEqual([
      expect.stringContaining("1 samples without audio skipped, for example 'no-audio'"),
    ]);
  });

  it('reads compressed shards when it may unpack them, to the same audio', async () => {
    const packed = join(shards, 'test-000000.tar.gz');
    await expect(prepare('webdataset', [packed])).rejects.toThrow(
      'is compressed: its files cannot be read in place',
    );
    const { rows } = await prepare('webdataset', [packed], { unpack: at('audio') });
    expect(rows[0]?.path).toBe(at('audio/test-000000/s1/utt-1.flac'));
    const inPlace = (await prepare('webdataset', [join(shards, 'train-000000.tar')])).rows;
    for (const row of rows) {
      const other = inPlace.find(({ id }) => id === row.id);
      expect(await readAudio(row.path)).toEqual(await readUtterance(other as Utterance));
    }
    await rm(rows[0]?.path as string);
    await expect(prepare('webdataset', [packed], { unpack: at('audio') })).rejects.toThrow(
      'audio/test-000000: contains 9 files, but 10 were unpacked into it. Remove the folder and run the command again',
    );
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
    await expect(readUtterance(rows[0] as Utterance)).rejects.toThrow(
      /not found at this position: found 'a\.wav'/,
    );
    await expect(readUtterance(rows[1] as Utterance)).rejects.toThrow(/not found at this position: /);
  });

  it.each([
    [
      'two of a name',
      [
        ['a.wav', 'x'],
        ['a.wav', 'y'],
      ],
      "duplicate member 'a.wav'",
    ],
    [
      'two kinds of audio',
      [
        ['a.wav', 'x'],
        ['a.flac', 'y'],
      ],
      "'a' has 2 audio files: wav, flac. Choose one: --columns audio=wav",
    ],
    ['no audio', [['a.txt', 'x']], 'contains no sample with audio'],
    [
      'JSON that is none',
      [
        ['a.wav', 'x'],
        ['a.json', '{'],
      ],
      "invalid JSON in its member 'a.json'",
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

/** @file Tests of Lhotse's manifests as they are on disks. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Utterance } from '../../manifest.js';
import { fixtures, prepare, said, useFolder } from './toolkits.fixture.js';

useFolder();

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
      "command_recordings_train.jsonl:1: the recording 'c' has the source type 'command' (sox a.wav -t wav -), expected a file. Save the audio",
    );
    await expect(odd('mixed_test')).rejects.toThrow(/mixed_test\.jsonl:1: the cut '.*' is a MixedCut/);
    await expect(odd('perturbed_test')).rejects.toThrow(
      "the recording 'a_sp1.1' has a transform (Speed), which is not supported",
    );
  });

  it('asks for the recordings of supervisions, and takes recordings alone', async () => {
    const [recordings, supervisions] = [
      'mini_recordings_train.jsonl.gz',
      'mini_supervisions_train.jsonl.gz',
    ].map((name) => join(fixtures, 'lhotse', name)) as [string, string];
    await expect(prepare('lhotse', [supervisions])).rejects.toThrow(
      "none of its recordings was found, for example 'a' (line 1). Pass the recordings",
    );
    expect((await prepare('lhotse', [recordings])).rows.map(({ id }) => id)).toEqual(['a', 'b', 'stereo']);
    await expect(prepare('lhotse', [recordings, recordings])).rejects.toThrow(
      /duplicate recording '.*' \(first used in .*:1\)/,
    );
  });
});

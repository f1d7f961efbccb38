/** @file Tests of Parquet files with audio in them as they are on disks. */
import { copyFile, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readUtterance } from '../../audio.js';
import { hashManifest, loadUtterances, type Utterance } from '../../manifest.js';
import { at, files, fixtures, lengths, prepare, said, useFolder } from './toolkits.fixture.js';

useFolder();

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
      "using the column 'sentence' for text (--columns text=NAME to use another)",
      "using the column 'client_id' for speaker (--columns speaker=NAME to use another)",
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
      'already exists, with different contents',
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
      /utterance 'c0': .*not found at this position: the row has 3244 bytes. The file has changed/,
    );
    await rm(copy);
    await expect(loadUtterances(at('manifests/parquet.csv'))).rejects.toThrow(
      `not found at ${copy}#audio.bytes@5+1644`,
    );
  });

  it('leaves out rows whose bytes are no audio, by name', async () => {
    const bytes = await readFile(join(fixtures, 'parquet/none.parquet'));
    const [first, second] = [bytes.indexOf('RIFF'), bytes.indexOf('RIFF', bytes.indexOf('RIFF') + 1)];
    bytes.fill('x', first, first + 64);
    bytes.fill(0, second, second + 64);
    await writeFile(at('train.parquet'), bytes);
    const { rows, remarks } = await prepare('parquet', [at('train.parquet')]);
    expect(rows.map(({ id }) => id)).toEqual(['c1', 'c3', 'c4', 'c5']);
    expect(remarks.slice(2)).toEqual([
      `skipped: ${at('train.parquet')}#audio.bytes@0: is not a supported audio file: it is text ("${'x'.repeat(24)}"). Convert it, for example: ffmpeg -i IN -ac 1 -ar 16000 OUT.flac`,
      expect.stringContaining(
        'train.parquet#audio.bytes@2: is not a supported audio file: it starts with zeros only',
      ),
    ]);
  });

  it('says what is missing in files without audio, or with more', async () => {
    await expect(prepare('parquet', [join(fixtures, 'parquet/decoded-samples.parquet')])).rejects.toThrow(
      'has no audio column. It contains decoded samples: store the audio as bytes',
    );
    await expect(prepare('parquet', [train], { columns: { audio: 'sound' } })).rejects.toThrow(
      "has no audio bytes in the column 'sound'",
    );
    await files({ 'a.parquet': 'x', 'b.txt': 'y' });
    await expect(prepare('parquet', [at('a.parquet')])).rejects.toThrow('is not a Parquet file');
    await expect(prepare('parquet', [at('b.txt')])).rejects.toThrow('does not have a name of Parquet files');
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

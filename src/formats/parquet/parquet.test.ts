/** @file Tests of Parquet files as five programs write them, and of files that are no such thing. */
import { createHash } from 'node:crypto';
import { mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sourceOf } from '../../base/byte-source.js';
import { blobAt } from './blob.js';
import { readLayout } from './layout.js';
import { hybrid } from './page.js';
import { columnRows, type ParquetValue } from './read.js';

/** By test/fixtures/scripts/toolkits.py: all files hold the rows of expected.json. */
const fixtures = 'test/fixtures/toolkits/parquet';
const names = (await readdir(fixtures)).filter(
  (name) => /\.parquet$/.test(name) && !name.startsWith('decoded'),
);

interface ExpectedRow {
  readonly text: string | null;
  readonly number: string | null;
  readonly intent: number;
  readonly good: boolean;
  readonly weight: number;
  readonly bytes: number;
  readonly sha256: string;
}
const expected = JSON.parse(await readFile(join(fixtures, 'expected.json'), 'utf8')) as ExpectedRow[];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-parquet-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function opened<T>(
  file: string,
  use: (source: ReturnType<typeof sourceOf> & { modified: number }) => Promise<T>,
) {
  const handle = await open(file);
  const { size, mtimeMs } = await handle.stat();
  return use({ ...sourceOf(handle, file, size), modified: mtimeMs }).finally(() => handle.close());
}

/** All values of a column. */
function valuesOf(file: string, name: string, fromRow = 0): Promise<(ParquetValue | null)[]> {
  return opened(file, async (source) => {
    const layout = await readLayout(source);
    const column = layout.columns.find((each) => each.name === name);
    if (column === undefined) throw new Error(`no column ${name}`);
    const values: (ParquetValue | null)[] = [];
    for await (const { firstRow, values: page } of columnRows(source, layout, column, fromRow))
      values.push(...page.slice(Math.max(0, fromRow - firstRow)));
    return values;
  });
}

const textOf = (value: ParquetValue | null): string | null =>
  value === null ? null : value instanceof Uint8Array ? Buffer.from(value).toString() : String(value);
const hashOf = (value: ParquetValue | null | undefined): string =>
  value instanceof Uint8Array ? createHash('sha256').update(value).digest('hex') : 'none';

describe.each(names)('%s', (name) => {
  const file = join(fixtures, name);

  it('gives the rows that were written, from any row on', async () => {
    const audio = await valuesOf(file, 'audio.bytes');
    expect(audio.map(hashOf)).toEqual(expected.map(({ sha256 }) => sha256));
    expect((await valuesOf(file, 'sentence')).map(textOf)).toEqual(expected.map(({ text }) => text));
    expect((await valuesOf(file, 'number')).map(textOf)).toEqual(expected.map(({ number }) => number));
    expect((await valuesOf(file, 'intent')).map(Number)).toEqual(expected.map(({ intent }) => intent));
    expect(await valuesOf(file, 'good')).toEqual(expected.map(({ good }) => good));
    expect(await valuesOf(file, 'weight')).toEqual(expected.map(({ weight }) => weight));
    expect((await valuesOf(file, 'audio.bytes', 5)).map(hashOf)).toEqual([expected[5]?.sha256]);
  });

  it('gives one value of bytes without those before it', async () => {
    for (const row of [4, 1, 5, 0]) {
      const blob = await opened(file, (source) => blobAt(source, 'audio.bytes', row));
      expect(hashOf(blob)).toBe(expected[row]?.sha256);
    }
    await expect(opened(file, (source) => blobAt(source, 'audio.bytes', 6))).rejects.toThrow(
      'has no row 6, only 6 rows',
    );
    await expect(opened(file, (source) => blobAt(source, 'audio', 0))).rejects.toThrow(
      "has no byte column 'audio'. Its columns are: audio.bytes, audio.path, sentence",
    );
  });
});

describe('a file that is none', () => {
  it('is refused in words', async () => {
    const whole = await readFile(join(fixtures, 'snappy.parquet'));
    const cases: readonly (readonly [Uint8Array, string])[] = [
      [Buffer.from('no parquet at all'), 'is not a Parquet file'],
      [Buffer.from('PARE and more bytes PARE'), 'is an encrypted Parquet file'],
      [whole.subarray(0, 20_000), 'its end marker is missing'],
      [Buffer.from('PAR1PAR1'), 'its end marker is missing'],
      [Buffer.concat([whole.subarray(0, 9000), whole.subarray(12_000)]), 'truncated or damaged'],
    ];
    for (const [bytes, message] of cases) {
      const file = join(folder, 'x.parquet');
      await writeFile(file, bytes);
      await expect(valuesOf(file, 'audio.bytes')).rejects.toThrow(message);
    }
  });
});

describe('the hybrid of runs and packed numbers', () => {
  const read = (bytes: readonly number[], width: number, values: number): number[] => {
    const data = Uint8Array.from(bytes);
    return [...hybrid({ view: new DataView(data.buffer), offset: 0 }, width, values)];
  };

  it('gives the example of the format: 0 to 7 in 3 bits', () => {
    // parquet-format, Encodings.md: bit-packed values 0 to 7 of width 3 are 10001000 11000110 11111010.
    expect(read([0b11, 0b10001000, 0b11000110, 0b11111010], 3, 8)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it('bounds runs by the values there are', () => {
    expect(read([0xfe, 0xff, 0xff, 0xff, 0x0f, 5], 3, 4)).toEqual([5, 5, 5, 5]);
    expect(() => read([0x02, 1], 1, 4)).toThrow();
  });
});

/** @file Tests of CSV in blocks: the same records as csv-parse gives, whatever the text. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CsvRecord, csvRecords, parsedRecords, plainRecords } from './csv.js';
import { normalForm } from './look-alikes.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-csv-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function read(text: string): Promise<CsvRecord[]> {
  const file = join(folder, 'x.csv');
  await writeFile(file, text);
  const records: CsvRecord[] = [];
  for await (const block of csvRecords(file)) records.push(...block);
  return records;
}

describe('plainRecords', () => {
  it.each(['\n', '\r\n'])('gives what csv-parse gives, or nothing (lines end with %j)', (end) => {
    const piece = fc.constantFrom(
      'a',
      'b c',
      ',',
      ',',
      '"',
      '""',
      '"x"',
      '"y, z"',
      ' ',
      '\t',
      '\u00e9',
      '\u00a0',
      '',
      end,
      end,
    );
    let plain = 0;
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const text = pieces.join('');
        const records = plainRecords(text, 5);
        if (records === undefined) return;
        plain++;
        expect(records.map(({ cells, line }) => ({ cells, line }))).toEqual(parsedRecords(text, 5));
        // What is said to be in normal form is.
        const claimed = records.filter(({ isNormal }) => isNormal).flatMap(({ cells }) => cells);
        expect(claimed.map(normalForm)).toEqual(claimed);
      }),
      { numRuns: 1500 },
    );
    expect(plain).toBeGreaterThan(300);
  });

  it('takes quoted cells and bare ones apart', () => {
    expect(plainRecords('a , "b, c",\r\n\n"",d\t\n', 1)).toBeUndefined();
    expect(plainRecords('a ,"b, c",\r\n\n"",d\t\n', 1)).toEqual([
      { cells: ['a', 'b, c', ''], line: 1 },
      { cells: ['', 'd'], line: 3 },
    ]);
  });
});

describe('csvRecords', () => {
  it('is the same over many blocks, with lines that count every break', async () => {
    const row = (i: number): string =>
      i % 1000 === 7 ? `${i},"two\r\nlines ""${i}"""\r\n` : `${i},"plain, ${'x'.repeat(100)}"\r\n`;
    const text = `\ufeff${Array.from({ length: 30_000 }, (_, i) => row(i)).join('')}`;
    const records = await read(text);
    expect(records).toHaveLength(30_000);
    expect(records[0]?.cells[0]).toBe('0');
    expect(records[8]).toMatchObject({ cells: ['8', expect.anything()], line: 10 });
    expect(records[1007]).toEqual({ cells: ['1007', 'two\r\nlines "1007"'], line: 1009 });
    expect(records.at(-1)).toMatchObject({ cells: ['29999', expect.anything()], line: 30_030 });
  });

  it('names the line of the file where a quote is wrong in a later block', async () => {
    const rows = Array.from({ length: 60_000 }, (_, i) => `${i},${'x'.repeat(30)}\n`);
    rows[50_000] = '50000,say "yes"\n';
    await expect(read(rows.join(''))).rejects.toMatchObject({ lines: 50_001 });
  });

  it('does not hold all of a file whose quote is never closed', async () => {
    await expect(read(`a,b\n1,"open\n${'2,x\n'.repeat(6_000_000)}`)).rejects.toThrow(/[Qq]uote/);
  });
});

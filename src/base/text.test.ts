/** @file Tests of reading text files as others write them. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readText, textLines } from './text.js';

let folder: string;
let file: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-text-'));
  file = join(folder, 'x');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function textOf(bytes: Uint8Array | string, pieceBytes = 7): Promise<string> {
  await writeFile(file, bytes);
  return readText(file, { pieceBytes });
}

const text = 'eins\nzw\u00f6lf \u2019n\r\n\u{1f600} drei';

describe('text files', () => {
  it('are read whatever their name says: plain, with a byte-order mark, as gzip data, in pieces of any size', async () => {
    for (const pieceBytes of [1, 2, 3, 7, 1 << 16]) {
      expect(await textOf(text, pieceBytes)).toBe(text);
      expect(await textOf(`\ufeff${text}`, pieceBytes)).toBe(text);
      expect(await textOf(gzipSync(text), pieceBytes)).toBe(text);
    }
    expect(await textOf('')).toBe('');
    const two = Buffer.concat([gzipSync('a\n'), gzipSync('b\n')]);
    expect(await textOf(two)).toBe('a\nb\n');
  });

  it('have lines, whatever they end with', async () => {
    await writeFile(file, text);
    const lines: string[] = [];
    for await (const line of textLines(file, { pieceBytes: 5 })) lines.push(line);
    expect(lines).toEqual(['eins', 'zw\u00f6lf \u2019n', '\u{1f600} drei']);
  });

  it.each([
    ['Latin-1', Buffer.from('ein\nzw\u00f6lf\ndrei', 'latin1'), /x:2: is not UTF-8 text\. Save it/],
    ['UTF-16', Buffer.from('\ufeffein', 'utf16le'), /x: is not UTF-8 text: it is text in UTF-16/],
    [
      'UTF-16 without its mark',
      Buffer.from('ein', 'utf16le'),
      /x:1: contains zero bytes: it is not text, or it is UTF-16/,
    ],
    [
      'a cut character',
      Buffer.from('zw\u00f6').subarray(0, 3),
      /x:1: is not UTF-8 text: its last character is incomplete/,
    ],
    ['xz', Buffer.from('fd377a585a0000', 'hex'), /it is xz data: unpack it first/],
    ['cut gzip data', gzipSync('abc'.repeat(99)).subarray(0, 20), /truncated or damaged gzip data/],
    ['gzipped Latin-1', gzipSync(Buffer.from('zw\u00f6lf', 'latin1')), /x:1: is not UTF-8 text/],
    ['gzip data in gzip data', gzipSync(gzipSync('abc')), /is not UTF-8 text/],
  ])('are refused where they are %s', async (_name, bytes, message) => {
    await expect(textOf(bytes, 1 << 16)).rejects.toThrow(message);
  });

  it('are named where they are not there', async () => {
    await expect(readText(join(folder, 'none'))).rejects.toThrow(/none: cannot be read \(ENOENT/);
  });
});

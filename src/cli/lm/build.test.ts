/** @file Tests of making language models from texts as people have them. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildLm } from './build.js';

const text = 'a b c\na b\r\nb c\n';
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-lm-build-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function built(name: string, content: string | Uint8Array): Promise<string> {
  const [file, out] = [join(folder, name), join(folder, `${name}.arpa`)];
  await writeFile(file, content);
  await buildLm({ text: file, order: 2, out });
  return readFile(out, 'utf8');
}

describe('lm build', () => {
  it('makes the same model of a text, of one with a byte-order mark, and of gzip data', async () => {
    const plain = await built('plain.txt', text);
    expect(plain).toContain('ngram 1=6');
    expect(await built('mark.txt', `\ufeff${text}`)).toBe(plain);
    expect(await built('packed.txt.gz', gzipSync(text))).toBe(plain);
    expect(await built('packed.txt', gzipSync(text))).toBe(plain);
  });

  it.each([
    ['Latin-1', Buffer.from('caf\u00e9\n', 'latin1'), 'latin.txt:1: is not UTF-8 text'],
    ['UTF-16', Buffer.from('\ufeffa b\n', 'utf16le'), 'it is text in UTF-16'],
    [
      'a word that models add themselves',
      Buffer.from('a\n<UNK> b\n'),
      'latin.txt:2: contains the reserved word <UNK>',
    ],
    ['nothing', gzipSync('\n\n'), 'contains no sentence'],
  ])('refuses %s', async (_name, bytes, message) => {
    await expect(built('latin.txt', bytes)).rejects.toThrow(message);
  });
});

/** @file Manifests as spreadsheets, editors and pandas leave them: read right, or refused in one line that says what is there. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadUtterances } from './manifest.js';

let folder: string;
let file: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-held-'));
  file = join(folder, 'm.csv');
  for (const name of ['a.wav', 'b.wav', '音 声.wav']) await writeFile(join(folder, name), 'sound');
});
afterAll(() => rm(folder, { recursive: true }));

const lines = ['id,path,split,label', '1,a.wav,train,x', '2,b.wav,dev,y'];
const table = lines.join('\n');

async function read(content: string | Uint8Array): Promise<string> {
  await writeFile(file, content);
  return loadUtterances(file, { columns: ['label'] }).then(
    (rows) => rows.map(({ id, split, columns }) => `${id} ${split} ${columns.label}`).join(', '),
    (error: Error) => error.message,
  );
}

describe('is read right', () => {
  const nbsp = '\u00a0';
  it.each([
    ['lines that end with CR', lines.join('\r')],
    ['lines that end with CRLF, and an empty one at the end', `${lines.join('\r\n')}\r\n\r\n`],
    ['a byte-order mark', `\ufeff${table}`],
    ['every cell in quotes', lines.map((line) => line.replaceAll(/[^,]+/g, '"$&"')).join('\n')],
    ['empty lines between', lines.join('\n\n')],
    ['blanks that do not break', table.replace('split,', `split${nbsp},`).replace(',x', `,${nbsp}x${nbsp}`)],
    ['one file in two rows', table.replace('b.wav', 'a.wav')],
    ['names with blanks and characters of other scripts', table.replace('b.wav', '音 声.wav')],
  ])('%s', async (_what, content) => {
    expect(await read(content)).toBe('1 train x, 2 dev y');
  });
});

describe('is refused in one line', () => {
  const utf16 = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(table, 'utf16le')]);
  it.each([
    ['UTF-16', utf16, 'is not UTF-8 text: it is text in UTF-16. Save it as CSV in UTF-8'],
    ['Latin-1', Buffer.from(table.replace(',x', ',caf\xe9'), 'latin1'), 'm.csv:2: is not UTF-8 text'],
    ['semicolons', table.replaceAll(',', ';'), 'Its columns: id;path;split;label'],
    ['tabs', table.replaceAll(',', '\t'), "the columns 'id', 'path', 'split', 'label' are missing"],
    ["pandas' index", lines.map((line, i) => `${i || ''},${line}`).join('\n'), 'index=False'],
    ['other capitals in the header', table.replace('id,path', 'ID,Path'), "'id', 'path' are missing"],
    [
      'an id that stands there twice',
      table.replace('2,b', '1,b'),
      "m.csv:3: duplicate id '1' (first used on line 2)",
    ],
    ['a header alone', 'id,path,split,label', 'no utterances. The manifest has a header, but no rows'],
    ['nothing', '', 'the manifest is empty. The first line must contain the column names'],
  ])('%s', async (_what, content, message) => {
    const said = await read(content);
    expect(said).toContain(message);
    expect(said).not.toContain('\n');
  });
});

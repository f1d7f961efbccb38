/** @file Tests of reading and writing manifests. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UserError } from '../base/errors.js';
import { type ManifestOptions, readManifest, type Utterance, writeManifest } from './rows.js';

let folder: string;
let file: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-manifest-'));
  file = join(folder, 'm.csv');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function read(text: string | Uint8Array, options?: ManifestOptions): Promise<Utterance[]> {
  await writeFile(file, text);
  const utterances: Utterance[] = [];
  for await (const utterance of readManifest(file, options)) utterances.push(utterance);
  return utterances;
}

async function messageFor(text: string | Uint8Array, options?: ManifestOptions): Promise<string> {
  const error = await read(text, options).then(
    () => 'no error',
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(UserError);
  expect((error as UserError).exitCode).toBe(2);
  return (error as UserError).message.replaceAll(folder, '');
}

describe('readManifest', () => {
  it('gives rows with resolved paths, seconds, every column, and where they stand', async () => {
    const rows = await read(
      'id,path,start,duration,split,speaker,text,intent.action\n' +
        'u1,a/b.wav,0.25,1.5,train,s1,"HELLO, WORLD",turn on\n' +
        'u2,/abs.flac,,,test,s2,,\n',
    );
    expect(rows).toEqual([
      {
        id: 'u1',
        path: join(folder, 'a/b.wav'),
        startSeconds: 0.25,
        durationSeconds: 1.5,
        split: 'train',
        columns: {
          id: 'u1',
          path: 'a/b.wav',
          start: '0.25',
          duration: '1.5',
          split: 'train',
          speaker: 's1',
          text: 'HELLO, WORLD',
          'intent.action': 'turn on',
        },
        line: 2,
        manifest: file,
      },
      expect.objectContaining({ id: 'u2', path: '/abs.flac', split: 'test', line: 3 }),
    ]);
    expect(rows[1]).not.toHaveProperty('startSeconds');
    expect(rows[1]).not.toHaveProperty('durationSeconds');
  });

  it('takes a byte-order mark, CRLF, spaces beside commas, empty lines and breaks in quotes', async () => {
    const rows = await read(
      '\ufeffid, path , split,text\r\nu1 , a.wav, x,"two\r\nlines"\r\n\r\nu2,b.wav,x,"say ""yes"""\r\nu3,c.wav,x,z',
    );
    expect(rows.map(({ id, line, columns }) => [id, line, columns.text])).toEqual([
      ['u1', 2, 'two\r\nlines'],
      ['u2', 5, 'say "yes"'],
      ['u3', 6, 'z'],
    ]);
  });

  it('resolves paths against the root that is given', async () => {
    const [row] = await read('id,path,split\nu,x.wav,s\n', { root: '/corpus' });
    expect(row?.path).toBe('/corpus/x.wav');
  });

  it('lists the header found when columns are missing', async () => {
    expect(await messageFor('id;path;split\n1;2;3\n')).toBe(
      "/m.csv:1: the columns 'id', 'path', 'split' are missing. Its columns: id;path;split",
    );
    expect(await messageFor('id,path,split,txt\n', { columns: ['text'] })).toBe(
      "/m.csv:1: the column 'text' is missing. Its columns: id,path,split,txt",
    );
  });

  it('reads a hundred thousand columns, and does not list them where a row has one too few', async () => {
    const names = Array.from({ length: 100_000 }, (_, i) => `c${i}`).join(',');
    const cells = 'x,'.repeat(99_999);
    const rows = await read(`id,path,split,${names}\nu,a.wav,s,${cells}y\n`);
    expect(Object.keys(rows[0]?.columns ?? {})).toHaveLength(100_003);
    expect(rows[0]?.columns.c99999).toBe('y');
    const message = await messageFor(`id,path,split,${names}\nu,a.wav,s,${cells.slice(2)}y\n`);
    expect(message).toContain(':2: 100002 cells, expected 100003 columns (id,path,split,c0,c1,');
    expect(message).toContain('and 99983 more');
    expect(message.length).toBeLessThan(300);
  });

  it('keeps what paths mean, whatever their form', async () => {
    const forms = [
      'a.wav',
      './a.wav',
      'b/../a.wav',
      'b//a.wav',
      '../a.wav',
      '/x/a.wav',
      '.hidden/a.wav',
      'b/...',
      'b/',
    ];
    const rows = await read(`id,path,split\n${forms.map((path, i) => `${i},${path},s\n`).join('')}`);
    expect(rows.map(({ path }) => path)).toEqual(forms.map((path) => resolve(folder, path)));
  });

  it('refuses a header with a nameless or a doubled column', async () => {
    expect(await messageFor(',id,path,split\n0,a,b,c\n')).toContain(':1: column 1 of the header has no name');
    expect(await messageFor('id,path,split,id\n')).toContain(":1: duplicate column 'id'");
  });

  it('names the line of a row with too many or too few cells', async () => {
    expect(await messageFor('id,path,split,text\na,b,c,one, two\n')).toBe(
      '/m.csv:2: 5 cells, expected 4 columns (id,path,split,text). Put a cell that contains a comma in "quotes"',
    );
    expect(await messageFor('id,path,split,text\na,b,c,d\n\ne,f,g\n')).toContain(
      ':4: 3 cells, expected 4 columns',
    );
  });

  it('names the line of an empty id, path or split', async () => {
    expect(await messageFor('id,path,split\na,b,c\nd,,e\n')).toContain(":3: column 'path' is empty");
  });

  it.each(['abc', '-1', '0x10', '1,5', 'NaN', 'Infinity'])('refuses "%s" for a start', async (start) => {
    const message = await messageFor(`id,path,split,start\na,b,c,"${start}"\n`);
    expect(message).toContain(
      `:2: invalid value for 'start': expected a number of seconds, 0 or more, or an empty cell, got "${start}"`,
    );
  });

  it('refuses a duration of zero', async () => {
    expect(await messageFor('id,path,split,duration\na,b,c,0\n')).toContain(
      ":2: invalid value for 'duration': expected a number of seconds, more than 0",
    );
  });

  it('names the line of a quote that is out of place', async () => {
    expect(await messageFor('id,path,split,text\na,b,c,say "yes"\n')).toMatch(/^\/m\.csv:2: invalid CSV/);
    expect(await messageFor('id,path,split,text\na,b,c,"open\nd,e,f,g\n')).toMatch(
      /^\/m\.csv:\d: invalid CSV/,
    );
  });

  it('says that a file is empty, not UTF-8, or not there', async () => {
    expect(await messageFor('')).toContain('/m.csv: the manifest is empty');
    expect(await messageFor(Buffer.from('id,path,split\nu,caf\xe9.wav,x\n', 'latin1'))).toContain(
      'is not UTF-8 text',
    );
    await rm(file);
    await expect(readManifest(file).next()).rejects.toThrow(`${file}: the manifest cannot be read (ENOENT`);
  });

  it('reads a stream: the first rows come before a later error', async () => {
    await writeFile(file, `id,path,split\n${'u,p.wav,s\n'.repeat(50_000)}broken\n`);
    const rows = readManifest(file);
    expect((await rows.next()).value).toMatchObject({ id: 'u', line: 2 });
    await rows.return(undefined);
  });
});

describe('writeManifest', () => {
  it('writes the usual columns first, then the others', async () => {
    await writeManifest(file, [
      { zeta: 1, split: 's', path: 'p', id: 'a' },
      { id: 'b', path: 'q', split: 's', text: 'x, y', duration: 1.25, start: undefined },
    ]);
    expect(await readFile(file, 'utf8')).toBe(
      'id,path,duration,split,text,zeta\na,p,,s,,1\nb,q,1.25,s,"x, y",\n',
    );
  });

  it('is undone by readManifest, which gives all but paths in normal form', async () => {
    const cell = fc.oneof(
      fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\0', '')),
      fc.constantFrom('', ' a', 'b\t', '"', 'x\r\ny', '\ufeff', '='),
    );
    const filled = cell.filter((text) => text.trim() !== '');
    const row = fc.record({ id: filled, path: filled, split: filled, text: cell, 'a,"b': cell });
    await fc.assert(
      fc.asyncProperty(fc.array(row, { maxLength: 4 }), async (rows) => {
        await writeManifest(file, rows);
        const back: unknown[] = [];
        for await (const { columns } of readManifest(file)) back.push(columns);
        const normal = (text: string): string => text.normalize('NFC').trim();
        expect(back).toEqual(
          rows.map((cells) => ({
            ...Object.fromEntries(Object.entries(cells).map(([name, text]) => [name, normal(text)])),
            path: cells.path,
          })),
        );
      }),
      { numRuns: 40 },
    );
  });
});

/** @file Archives of corpora: unpacked whole, or refused with the entry's name. */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Headers } from 'tar-stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UserError } from '../../base/errors.js';
import { randomStream } from '../../base/random.js';
import { writeTar, writeZip } from './archives.fixture.js';
import { usualLimits } from './guard.js';
import { refuseUnfinished, type UnpackOptions, unpack } from './unpack.js';

let folder: string;
let target: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-archives-'));
  target = join(folder, 'root');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const random = randomStream(1, 'archive');
const content = Buffer.from(Array.from({ length: 200_000 }, () => random.integer(256)));
const honest = [
  { name: 'LibriSpeech/', type: 'directory' },
  { name: './LibriSpeech/1/a.flac' },
  { name: `LibriSpeech/${'long/'.repeat(60)}b.flac` },
  { name: 'LibriSpeech/empty.txt' },
] as const satisfies Headers[];
const contents = ['', content, 'short', ''];

async function honestArchive(name: string): Promise<string> {
  const file = join(folder, name);
  const entries = honest.map((header, i) => [header, contents[i]] as const);
  if (!name.endsWith('zip')) await writeTar(file, entries);
  else
    await writeZip(
      file,
      entries.map(([{ name: path }, data]) => ({ name: path.replace('./', ''), content: data ?? '' })),
    );
  return file;
}

const run = (archive: string, options: UnpackOptions = {}) =>
  unpack(archive, target, { quiet: true, ...options });

async function complaint(archive: string, options?: UnpackOptions): Promise<UserError> {
  const error = await run(archive, options).then(
    () => new Error('no complaint'),
    (thrown: unknown) => thrown as Error,
  );
  expect(error).toBeInstanceOf(UserError);
  return error as UserError;
}

async function filesIn(root: string): Promise<string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile())
    .map(({ name }) => name)
    .sort();
}

describe('an honest archive', () => {
  it.each(['x.tar', 'x.tar.gz', 'x.tgz', 'x.zip'])('is unpacked whole, and once: %s', async (name) => {
    const archive = await honestArchive(name);
    expect(await run(archive)).toEqual({ archive, files: 3, before: false });
    expect(content.equals(await readFile(join(target, 'LibriSpeech/1/a.flac')))).toBe(true);
    expect(await readFile(join(target, honest[2].name), 'utf8')).toBe('short');
    expect(await readFile(join(target, 'LibriSpeech/empty.txt'), 'utf8')).toBe('');
    expect(await run(archive)).toEqual({ archive, files: 3, before: true });
    await refuseUnfinished(target);
  });

  it('shares folders with another', async () => {
    await writeTar(join(folder, 'a.tar'), [
      [{ name: 'L/dev/x' }, '1'],
      [{ name: 'L/README' }, 'same'],
    ]);
    await writeTar(join(folder, 'b.tar'), [
      [{ name: 'L/test/y' }, '2'],
      [{ name: 'L/README' }, 'same'],
    ]);
    await run(join(folder, 'a.tar'));
    await run(join(folder, 'b.tar'));
    expect(await filesIn(join(target, 'L'))).toEqual(['README', 'x', 'y']);
  });

  it('overwrites nothing', async () => {
    const archive = await honestArchive('x.tar.gz');
    await mkdir(join(target, 'LibriSpeech/1'), { recursive: true });
    await writeFile(join(target, 'LibriSpeech/1/a.flac'), Buffer.from(content).fill(1, 199_998));
    expect((await complaint(archive)).message).toMatch(/a\.flac: already exists, with different contents/);
    await expect(refuseUnfinished(target)).rejects.toThrow('contains only a part of x.tar.gz');
  });
});

describe('an archive that is cut off', () => {
  it.each([
    ['x.tar.gz', 20],
    ['x.tar.gz', 2000],
    ['x.tar', 400],
    ['x.tar', 1024 + 512],
    ['x.zip', 10],
    ['x.zip', 400],
  ])(
    'is damaged, and what it left is not taken for whole: %s without its last %i bytes',
    async (name, less) => {
      const archive = await honestArchive(name);
      const whole = await readFile(archive);
      await writeFile(archive, whole.subarray(0, -less));
      const error = await complaint(archive);
      expect(error.message).toContain('truncated or damaged');
      expect(error.exitCode).toBe(1);
      await expect(refuseUnfinished(target)).rejects.toThrow(`--from ${name} again`);
      await expect(refuseUnfinished(join(target, 'LibriSpeech'))).rejects.toThrow('contains only a part');
      await writeFile(archive, whole);
      expect(await run(archive)).toMatchObject({ files: 3, before: false });
      expect(content.equals(await readFile(join(target, 'LibriSpeech/1/a.flac')))).toBe(true);
      await refuseUnfinished(target);
    },
  );

  it('is damaged too where only the checksum of a zip entry tells', async () => {
    const archive = await honestArchive('x.zip');
    const bytes = await readFile(archive);
    // The sum in the directory at the end, of the second entry.
    const second = bytes.indexOf('PK\x01\x02', bytes.indexOf('PK\x01\x02') + 4, 'latin1');
    bytes.writeUInt32LE(1, second + 16);
    await writeFile(archive, bytes);
    expect((await complaint(archive)).message).toContain('wrong checksum of');
  });
});

describe('a hostile archive', () => {
  const good = [{ name: 'c/good.wav' }, 'x'] as const;
  const file = (name: string) => [good, [{ name }, 'x']] as const;
  it.each([
    ['a path upwards', file('c/../../evil'), "'c/../../evil' points outside the folder"],
    ['an absolute path', file('/tmp/evil'), "'/tmp/evil' points outside the folder"],
    ['a drive', file('C:evil'), "'C:evil' points outside the folder"],
    ['backslashes', file('c\\..\\..\\evil'), 'points outside the folder'],
    [
      'a symbolic link',
      [good, [{ name: 'c/l', type: 'symlink', linkname: '/etc' }]],
      'is a symlink, not a file',
    ],
    ['a hard link', [good, [{ name: 'c/l', type: 'link', linkname: 'c/good.wav' }]], 'is a link, not a file'],
    ['a device', [good, [{ name: 'c/d', type: 'character-device' }]], 'is a character-device, not a file'],
    ['a pipe', [good, [{ name: 'c/p', type: 'fifo' }]], 'is a fifo, not a file'],
    ['a file twice', file('c/./good.wav'), "'c/./good.wav' occurs twice"],
    [
      'names that differ in case',
      file('c/Good.wav'),
      "differs from 'c/good.wav' only in upper and lower case",
    ],
    [
      'names that differ in composition',
      [
        [{ name: 'e\u0301' }, ''],
        [{ name: '\u00e9' }, ''],
      ],
      'only in upper',
    ],
    ['a file for a folder', file('c/good.wav/x'), "needs a folder in place of the file 'c/good.wav'"],
    ['a folder for a file', file('c'), "'c' occurs twice"],
  ] as const)('is refused by name and leaves nothing: %s', async (_what, entries, message) => {
    const archive = join(folder, 'x.tar.gz');
    await writeTar(archive, entries as Parameters<typeof writeTar>[1]);
    const error = await complaint(archive);
    expect(error.message).toContain(message);
    expect(error.exitCode).toBe(2);
    expect(await filesIn(target)).toEqual([]);
    expect(existsSync(join(folder, 'evil'))).toBe(false);
  });

  it.each([
    ['a path upwards', { name: '../evil', content: 'x' }, 'points outside the folder'],
    ['a symbolic link', { name: 'l', content: '/etc', mode: 0o120777 }, 'is a symlink, not a file'],
    ['backslashes', { name: '..\\evil', content: 'x' }, 'points outside the folder'],
  ])('is refused as a zip file too: %s', async (_what, entry, message) => {
    const archive = join(folder, 'x.zip');
    await writeZip(archive, [{ name: 'good', content: 'x' }, entry]);
    expect((await complaint(archive)).message).toContain(message);
    expect(await filesIn(target)).toEqual([]);
  });

  it('does not swell: too much, too many, too tightly packed', async () => {
    const archive = join(folder, 'x.tar.gz');
    await writeTar(archive, [
      [{ name: 'a' }, Buffer.alloc(40e6)],
      [{ name: 'b' }, Buffer.alloc(40e6)],
    ]);
    expect((await complaint(archive)).message).toMatch(/'b' expands the archive to \d+ times its size/);
    expect((await complaint(archive, { limits: { ...usualLimits, bytes: 50e6 } })).message).toMatch(
      /'b' exceeds the limit of 50000000 bytes/,
    );
    expect((await complaint(archive, { limits: { ...usualLimits, entries: 1 } })).message).toContain(
      "'b' exceeds the limit of 1 entries",
    );
    expect(await filesIn(target)).toEqual([]);
  });
});

it.each([
  ['text', 'id,path,split\n'.repeat(100)],
  ['an empty file', ''],
])('%s is no archive', async (_what, bytes) => {
  await writeFile(join(folder, 'x.tar.gz'), bytes);
  expect((await complaint(join(folder, 'x.tar.gz'))).message).toContain('is not a supported archive');
});

it('names an archive that is not there', async () => {
  expect((await complaint(join(folder, 'none.zip'))).message).toContain('the archive cannot be read (ENOENT');
});

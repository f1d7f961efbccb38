/** @file Tests of atomic writes, digests and the cache folder. */
import { execFileSync } from 'node:child_process';
import { chmod, lstat, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UserError } from './errors.js';
import { moveFile, sha256OfFile, unfinishedPlace, userCacheFolder, writeFileAtomic } from './files.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-files-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('writeFileAtomic', () => {
  it('writes texts, bytes and chunks, makes missing folders and leaves nothing else behind', async () => {
    const deep = join(folder, 'a', 'b');
    await writeFileAtomic(join(deep, 'text'), 'héllo');
    await writeFileAtomic(join(deep, 'bytes'), Uint8Array.of(1, 2, 255));
    await writeFileAtomic(
      join(deep, 'chunks'),
      (function* () {
        yield 'one ';
        yield Buffer.from('two');
      })(),
    );
    expect(await readFile(join(deep, 'text'), 'utf8')).toBe('héllo');
    expect([...(await readFile(join(deep, 'bytes')))]).toEqual([1, 2, 255]);
    expect(await readFile(join(deep, 'chunks'), 'utf8')).toBe('one two');
    expect((await readdir(deep)).sort()).toEqual(['bytes', 'chunks', 'text']);
  });

  it('keeps the old file and cleans up when the data fails half way', async () => {
    const path = join(folder, 'kept');
    await writeFile(path, 'old');
    const failing = (async function* () {
      yield 'new, but';
      throw new RangeError('the source broke');
    })();
    await expect(writeFileAtomic(path, failing)).rejects.toThrow(RangeError);
    expect(await readFile(path, 'utf8')).toBe('old');
    expect(await readdir(folder)).toEqual(['kept']);
  });

  it('leaves one whole file when many write the same name at once', async () => {
    const path = join(folder, 'contended');
    const texts = Array.from({ length: 8 }, (_, i) => String(i).repeat(50_000));
    await Promise.all(texts.map((text) => writeFileAtomic(path, text)));
    expect(texts).toContain(await readFile(path, 'utf8'));
    expect(await readdir(folder)).toEqual(['contended']);
  });

  it('writes through links, to what they lead to or shall lead to, and leaves them links', async () => {
    await mkdir(join(folder, 'real'));
    await writeFile(join(folder, 'real', 'there'), 'old');
    for (const [link, target] of [
      ['link', 'real/there'],
      ['chain', 'link'],
      ['dangling', 'real/new'],
    ] as const) {
      await symlink(target, join(folder, link));
      await writeFileAtomic(join(folder, link), `through ${link}`);
      expect((await lstat(join(folder, link))).isSymbolicLink()).toBe(true);
      expect(await readFile(join(folder, link), 'utf8')).toBe(`through ${link}`);
      await writeFileAtomic(join(folder, link), 'at once');
      expect((await lstat(join(folder, link))).isSymbolicLink()).toBe(true);
      expect(await readFile(join(folder, link), 'utf8')).toBe('at once');
    }
    expect((await readdir(join(folder, 'real'))).sort()).toEqual(['new', 'there']);
    const finished = join(folder, 'finished');
    await writeFile(finished, 'moved');
    await moveFile(finished, join(folder, 'link'));
    expect((await lstat(join(folder, 'link'))).isSymbolicLink()).toBe(true);
    expect(await readFile(join(folder, 'real', 'there'), 'utf8')).toBe('moved');
  });

  it('writes into a pipe, which stays one', async () => {
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const read = readFile(pipe, 'utf8');
    await writeFileAtomic(pipe, ['one ', 'two']);
    expect(await read).toBe('one two');
    expect((await lstat(pipe)).isFIFO()).toBe(true);
    expect(await readdir(folder)).toEqual(['pipe']);
  });

  it('makes what is to be moved there elsewhere, where the place is a device or behind a link', async () => {
    const [pipe, link] = [join(folder, 'pipe'), join(folder, 'link')];
    execFileSync('mkfifo', [pipe]);
    await mkdir(join(folder, 'real'));
    await symlink('real/file', link);
    for (const path of [pipe, '/dev/null']) expect(dirname(unfinishedPlace(path))).not.toBe(dirname(path));
    expect(dirname(unfinishedPlace(link))).toBe(join(folder, 'real'));
    const part = unfinishedPlace(pipe);
    await writeFile(part, 'all of it');
    const read = readFile(pipe, 'utf8');
    await moveFile(part, pipe);
    expect(await read).toBe('all of it');
    expect((await lstat(pipe)).isFIFO()).toBe(true);
    await expect(lstat(part)).rejects.toThrow('ENOENT');
  });

  it('writes to a device, which stays one', async () => {
    const before = await lstat('/dev/null');
    await writeFileAtomic('/dev/null', 'gone');
    await writeFileAtomic('/dev/null', [Buffer.from('gone')]);
    expect(await lstat('/dev/null')).toMatchObject({ ino: before.ino, mode: before.mode });
  });

  it.runIf(process.getuid?.() === 0)('does not replace a device, even as root', async () => {
    const device = join(folder, 'null');
    try {
      execFileSync('mknod', [device, 'c', '1', '3'], { stdio: 'ignore' });
      await writeFileAtomic(device, 'gone');
    } catch (error) {
      // Containers often may not make devices, or not use them.
      if (!/mknod|EPERM|EACCES/.test(String(error))) throw error;
      return;
    }
    expect((await lstat(device)).isCharacterDevice()).toBe(true);
  });

  it('says that a full disk took nothing', async () => {
    await expect(writeFileAtomic('/dev/full', 'x')).rejects.toThrow(/ENOSPC.*The disk is full/);
  });

  it('says with exit code 1 and a hint that a folder or a file is in the way', async () => {
    await mkdir(join(folder, 'taken', 'by'), { recursive: true });
    await writeFile(join(folder, 'file'), '');
    const onFolder = await writeFileAtomic(join(folder, 'taken'), 'x').catch((error: unknown) => error);
    const underFile = await writeFileAtomic(join(folder, 'file', 'x'), 'x').catch((error: unknown) => error);
    expect(onFolder).toBeInstanceOf(UserError);
    expect(onFolder).toMatchObject({ exitCode: 1, message: expect.stringContaining('choose another name') });
    expect(underFile).toMatchObject({
      exitCode: 1,
      message: expect.stringContaining('choose another folder'),
    });
    expect((await readdir(folder)).sort()).toEqual(['file', 'taken']);
  });

  it.skipIf(process.getuid?.() === 0)('says that a folder may not be written to', async () => {
    await chmod(folder, 0o500);
    const error = await writeFileAtomic(join(folder, 'x'), 'x').catch((thrown: unknown) => thrown);
    await chmod(folder, 0o700);
    expect(error).toMatchObject({ exitCode: 1, message: expect.stringContaining('permissions') });
  });
});

describe('sha256OfFile', () => {
  it('gives the digest of FIPS 180-2 for "abc"', async () => {
    await writeFile(join(folder, 'abc'), 'abc');
    expect(await sha256OfFile(join(folder, 'abc'))).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    );
  });

  it('names a file that is missing', async () => {
    const path = join(folder, 'missing');
    await expect(sha256OfFile(path)).rejects.toThrow(`${path}: cannot be read`);
  });
});

describe('userCacheFolder', () => {
  it('prefers EHMAM_CACHE, then an absolute XDG_CACHE_HOME, then ~/.cache', () => {
    expect(userCacheFolder({ EHMAM_CACHE: '/c', XDG_CACHE_HOME: '/x' })).toBe('/c');
    expect(userCacheFolder({ XDG_CACHE_HOME: '/x' })).toBe(join('/x', 'ehmam'));
    expect(userCacheFolder({ XDG_CACHE_HOME: 'relative' })).toBe(join(homedir(), '.cache', 'ehmam'));
    expect(userCacheFolder({})).toBe(join(homedir(), '.cache', 'ehmam'));
  });
});

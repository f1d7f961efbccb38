/** @file Files that are whole or absent: atomic writes, digests, the user's cache folder. */
import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, lstatSync, readdirSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { appendFile, type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { basename, dirname, extname, isAbsolute, join, resolve } from 'node:path';
import { messageOf, UserError } from './errors.js';

/** What can be written: a text, bytes, or chunks of either (large files need not be held at once). */
export type FileData =
  | string
  | Uint8Array
  | Iterable<string | Uint8Array>
  | AsyncIterable<string | Uint8Array>;

/** Names of the temporary files of `writeFileAtomic`: `.NAME.PROCESS-8 hexadecimal digits.tmp`. */
const temporaryPattern = /^\..+\.\d+-[0-9a-f]{8}\.tmp$/;

/**
 * Writes a file in one step: readers see the old file or the whole new one, never a part.
 * The data goes to a temporary file beside it (missing folders are made), is flushed, then renamed. What is no regular
 * file is never replaced: a link stays and the file it leads to is written, a device or pipe takes the data itself.
 * @throws UserError (exit code 1) when the file cannot be written; an error of the chunks' own passes as it is
 */
export async function writeFileAtomic(path: string, data: FileData): Promise<void> {
  const chunks = typeof data === 'string' || data instanceof Uint8Array ? [data] : data;
  let temporary: string | undefined;
  try {
    const { target, isStream } = placeOf(path);
    if (isStream) {
      await writeAll(await open(target, 'w'), chunks, false);
      return;
    }
    temporary = temporaryBeside(target);
    await makeFolder(dirname(target));
    await writeAll(await open(temporary, 'wx'), chunks, true);
    await rename(temporary, target);
    await syncFolder(dirname(target));
  } catch (error) {
    if (temporary !== undefined) await rm(temporary, { force: true }).catch(() => undefined);
    throw systemCode(error) === undefined ? error : cannotWrite(path, error);
  }
}

async function writeAll(
  handle: FileHandle,
  chunks: Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>,
  flush: boolean,
): Promise<void> {
  try {
    for await (const chunk of chunks) await handle.writeFile(chunk);
    if (flush) await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Gives a finished file its name in one step; what is no regular file there is written through, as by `writeFileAtomic`.
 * @throws UserError (exit code 1) when it cannot be written
 */
export async function moveFile(from: string, path: string): Promise<void> {
  const { target, isStream } = placeOf(path);
  if (!isStream) {
    try {
      await rename(from, target);
      return;
    } catch (error) {
      // A link may lead to another disk.
      if (systemCode(error) !== 'EXDEV') throw cannotWrite(path, error);
    }
  }
  await writeFileAtomic(path, createReadStream(from));
  await rm(from);
}

/** Where a file is made that `moveFile` is to give this name: beside it, or elsewhere where that is no regular file. */
export function unfinishedPlace(path: string): string {
  const { target, isStream } = placeOf(path);
  return isStream
    ? join(tmpdir(), `ehmam-${process.pid}-${randomUUID().slice(0, 8)}${extname(path)}`)
    : temporaryBeside(target);
}

/** Where a file to be written lies behind links, and whether that is something that data only flows into. */
function placeOf(path: string): { readonly target: string; readonly isStream: boolean } {
  const target = resolve(path);
  const status = statSync(target, { throwIfNoEntry: false });
  if (status !== undefined && !status.isFile() && !status.isDirectory()) return { target, isStream: true };
  if (status !== undefined) return { target: realpathSync(target), isStream: false };
  return { target: behindLinks(target), isStream: false };
}

/** As many links as Linux follows. */
const mostLinks = 40;

/** Where a link to what is not there yet leads. */
function behindLinks(target: string): string {
  let place = target;
  for (let links = 0; links < mostLinks; links++) {
    if (!lstatSync(place, { throwIfNoEntry: false })?.isSymbolicLink()) return place;
    place = resolve(dirname(place), readlinkSync(place));
  }
  return target;
}

function temporaryBeside(target: string): string {
  return join(dirname(target), `.${basename(target)}.${process.pid}-${randomUUID().slice(0, 8)}.tmp`);
}

/** Makes a folder and those it is in. */
async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (error) {
    // On a read-only file system Node says that nothing is there: the first missing folder alone tells the truth.
    let missing = path;
    while (systemCode(error) === 'ENOENT' && dirname(missing) !== missing) {
      if (await stat(dirname(missing)).catch(() => undefined)) {
        await mkdir(missing);
        break;
      }
      missing = dirname(missing);
    }
    throw error;
  }
}

/** Makes a rename last through a loss of power. Where a folder cannot be opened (Windows), the system sees to that. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  if (handle === undefined) return;
  await handle.sync().finally(() => handle.close());
}

/**
 * Adds a text to the end of a file, which is made where it is missing. A full disk may leave a part of it.
 * @throws UserError (exit code 1) when it cannot be written
 */
export async function appendToFile(path: string, text: string): Promise<void> {
  await appendFile(path, text).catch((error: unknown) => {
    throw systemCode(error) === undefined ? error : cannotWrite(path, error);
  });
}

/** Removes what atomic writes of a killed process left in a folder. No other process may be writing there. */
export async function removeUnfinished(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  for (const name of names.filter((each) => temporaryPattern.test(each))) await rm(join(folder, name));
}

/** By what a file is taken to be as it was left. */
export interface FileStatus {
  /** Bytes. */
  readonly size: number;
  /** When it was changed last, in milliseconds since 1970. */
  readonly modified: number;
}

/** Size and time of a file; undefined where there is none that can be looked at. */
export async function fileStatus(path: string): Promise<FileStatus | undefined> {
  const found = await stat(path).catch(() => undefined);
  return found && { size: found.size, modified: found.mtimeMs };
}

/** Names in a folder, sorted; none where it cannot be read. */
export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

/** SHA-256 of a file's bytes, in hexadecimal. */
export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 }))
      hash.update(chunk as Uint8Array);
  } catch (error) {
    throw new UserError(`cannot be read (${messageOf(error)})`, {
      file: path,
      hint: 'Check that the file exists and that you may read it',
      cause: error,
    });
  }
  return hash.digest('hex');
}

/** Where made or fetched data is kept between runs: $EHMAM_CACHE, else `ehmam` under $XDG_CACHE_HOME or ~/.cache. */
export function userCacheFolder(environment: NodeJS.ProcessEnv = process.env): string {
  const { EHMAM_CACHE, XDG_CACHE_HOME } = environment;
  if (EHMAM_CACHE) return resolve(EHMAM_CACHE);
  // The XDG specification says that a relative path is to be ignored.
  if (XDG_CACHE_HOME && isAbsolute(XDG_CACHE_HOME)) return join(XDG_CACHE_HOME, 'ehmam');
  return join(homedir(), '.cache', 'ehmam');
}

/** The code of an error that the operating system gave ('ENOENT', ...), or undefined for any other error. */
export function systemCode(error: unknown): string | undefined {
  const { code, syscall } = (error ?? {}) as { code?: unknown; syscall?: unknown };
  return typeof code === 'string' && typeof syscall === 'string' ? code : undefined;
}

const hints: Readonly<Record<string, string>> = {
  EACCES: 'Choose a folder that you may write to, or change its permissions',
  EPERM: 'Choose a folder that you may write to, or change its permissions',
  EROFS: 'Its file system is read-only: choose another folder',
  ENOSPC: 'The disk is full: free some space or choose another folder',
  EDQUOT: 'Your disk quota is used up: free some space or choose another folder',
  EISDIR: 'A folder has this name: choose another name',
  ENOTDIR: 'A folder in its path is a file: choose another folder',
  EEXIST: 'A folder in its path is a file: choose another folder',
  ENAMETOOLONG: 'Choose a shorter name',
};

/** The error of a file that cannot be written, with the hint for what the system says. */
export function cannotWrite(path: string, error: unknown): UserError {
  return new UserError(`cannot be written (${messageOf(error)})`, {
    exitCode: 1,
    file: path,
    hint: hints[systemCode(error) ?? ''] ?? 'Check that its folder exists and that you may write to it',
    cause: error,
  });
}

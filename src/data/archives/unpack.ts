/** @file Unpacks an archive of a corpus into a folder, with checks; an unpacking that was cut off is never taken for whole. */
import { createReadStream, existsSync } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { messageOf, UserError } from '../../base/errors.js';
import { systemCode } from '../../base/files.js';
import { createProgress } from '../../base/progress.js';
import { type ArchiveEntry, archiveEntries } from './entries.js';
import { type ArchiveLimits, entryGuard } from './guard.js';

export interface UnpackOptions {
  readonly quiet?: boolean | undefined;
  readonly limits?: ArchiveLimits | undefined;
  /** Judges the archive before anything is unpacked; it may throw. */
  readonly check?: () => Promise<void>;
}

export interface Unpacked {
  readonly archive: string;
  /** Files of the archive; all of them lie below the target. */
  readonly files: number;
  /** Whether there was nothing left to do. */
  readonly before: boolean;
}

/** What is written beside the files: one record an archive, `whole` once all of it is there. */
const recordSchema = z.object({
  archive: z.string(),
  bytes: z.number(),
  modified: z.number(),
  whole: z.boolean(),
  files: z.number(),
});
type ArchiveRecord = z.infer<typeof recordSchema>;

/** Lies in the target. */
export const recordFolder = '.ehmam-archives';
const megabyte = 1e6;

/**
 * Unpacks an archive; files that an earlier, interrupted call left are compared, not written again.
 * @throws UserError naming an entry that is not allowed (what this call had written is then removed), a file that
 *   is there with other contents, an archive that is damaged, or a target that cannot be written
 */
export async function unpack(
  archive: string,
  target: string,
  options: UnpackOptions = {},
): Promise<Unpacked> {
  const { size, mtimeMs } = await stat(archive).catch((error: unknown) => {
    throw new UserError(`the archive cannot be read (${messageOf(error)})`, { file: archive, cause: error });
  });
  const place = join(target, recordFolder, `${basename(archive)}.json`);
  const record = { archive: basename(archive), bytes: size, modified: Math.round(mtimeMs) };
  const known = await readRecord(place);
  if (known?.whole && known.bytes === record.bytes && known.modified === record.modified)
    return { archive, files: known.files, before: true };
  await options.check?.();
  await roomFor(size, target);
  const written: string[] = [];
  const progress = createProgress(`unpack ${basename(archive)}, MB`, Math.ceil(size / megabyte), {
    quiet: options.quiet ?? false,
  });
  try {
    await writeRecord(place, { ...record, whole: false, files: 0 });
    const pathOf = entryGuard(archive, size, options.limits);
    let files = 0;
    for await (const entry of archiveEntries(archive)) {
      const path = pathOf(entry);
      progress.update(Math.ceil(entry.position / megabyte), `${files} files`);
      if (entry.kind === 'folder') await mkdir(join(target, path), { recursive: true });
      else {
        if (await placeFile(entry, join(target, path))) written.push(join(target, path));
        files += 1;
      }
    }
    progress.update(Math.ceil(size / megabyte), `${files} files`);
    await writeRecord(place, { ...record, whole: true, files });
    return { archive, files, before: false };
  } catch (error) {
    // A hostile archive leaves nothing; a damaged one (exit code 1) leaves what the next try can keep.
    if (error instanceof UserError && error.exitCode === 2) {
      await Promise.all(written.map((file) => rm(file, { force: true })));
      await rm(place, { force: true });
    }
    throw systemCode(error) === undefined ? error : cannotUnpack(target, error);
  } finally {
    progress.stop();
  }
}

function cannotUnpack(target: string, error: unknown): UserError {
  return new UserError(`cannot unpack to this folder (${messageOf(error)})`, {
    exitCode: 1,
    file: target,
    hint: 'Fix the cause, then run the same command to resume',
    cause: error,
  });
}

/**
 * Writes what lies inside a file to one of its own; what is there already with the same contents stays as it is.
 * @throws UserError when something else is there, or it cannot be written
 */
export async function unpackBytes(bytes: Uint8Array, file: string): Promise<void> {
  async function* content(): AsyncGenerator<Uint8Array> {
    yield bytes;
  }
  try {
    await placeFile({ bytes: bytes.length, content }, file);
  } catch (error) {
    throw systemCode(error) === undefined ? error : cannotUnpack(file, error);
  }
}

/** @throws UserError when an unpacking into this folder (or the one it lies in) was cut off */
export async function refuseUnfinished(folder: string): Promise<void> {
  for (const place of [resolve(folder), dirname(resolve(folder))]) {
    const names = await readdir(join(place, recordFolder)).catch(() => []);
    for (const name of names.filter((each) => each.endsWith('.json'))) {
      const record = await readRecord(join(place, recordFolder, name));
      if (record === undefined || record.whole) continue;
      throw new UserError(`contains only a part of ${record.archive}: unpacking was interrupted`, {
        file: place,
        hint: `Pass --from ${record.archive} again to resume`,
      });
    }
  }
}

async function readRecord(place: string): Promise<ArchiveRecord | undefined> {
  const text = await readFile(place, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return recordSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new UserError('is not a record of an unpacked archive', {
      file: place,
      hint: 'Remove it, and unpack again',
      cause: error,
    });
  }
}

/** Whole or not at all; that it outlasts a loss of power would say nothing about the files it speaks of. */
async function writeRecord(place: string, record: ArchiveRecord): Promise<void> {
  await mkdir(dirname(place), { recursive: true });
  await writeFile(`${place}.part`, JSON.stringify(record));
  await rename(`${place}.part`, place);
}

/** Unpacked, an archive of audio needs at least its own size. @throws UserError where there is less */
export async function roomFor(bytes: number, target: string): Promise<void> {
  let there = resolve(target);
  while (!existsSync(there) && dirname(there) !== there) there = dirname(there);
  const { bavail, bsize } = await statfs(there);
  if (bavail * bsize >= bytes) return;
  const gigabytes = (value: number): string => `${(value / 1e9).toFixed(1)} GB`;
  throw new UserError(
    `not enough disk space: ${gigabytes(bavail * bsize)} free, the archive needs ${gigabytes(bytes)} or more`,
    {
      exitCode: 1,
      file: target,
      hint: 'Free some space or choose another folder',
    },
  );
}

type Contents = Pick<ArchiveEntry, 'bytes' | 'content'>;

/** @returns whether the file was written; false where it was there with the same contents */
async function placeFile(entry: Contents, file: string): Promise<boolean> {
  if (existsSync(file)) {
    if (await holds(file, entry)) return false;
    throw new UserError('already exists, with different contents', {
      exitCode: 1,
      file,
      hint: 'Move or remove it, or choose another folder',
    });
  }
  await mkdir(dirname(file), { recursive: true });
  // Only whole files have their name.
  const part = join(dirname(file), `.${basename(file)}.part`);
  const handle = await open(part, 'w');
  try {
    for await (const chunk of entry.content()) await handle.writeFile(chunk);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
  await rename(part, file);
  return true;
}

async function holds(file: string, entry: Contents): Promise<boolean> {
  let same = (await stat(file)).size === entry.bytes;
  const there = createReadStream(file)[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let rest: Buffer = Buffer.alloc(0);
  // The entry is read to its end in any case.
  for await (const chunk of entry.content()) {
    while (same && rest.length < chunk.length) {
      const next = await there.next();
      if (next.done) break;
      rest = Buffer.concat([rest, next.value]);
    }
    same &&= rest.subarray(0, chunk.length).equals(chunk);
    rest = rest.subarray(chunk.length);
  }
  await there.return?.();
  return same;
}

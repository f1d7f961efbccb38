/** @file The files that are given, or lie in the folders given, and where what is in them is unpacked. */
import { createHash } from 'node:crypto';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { type ByteSource, sourceOf } from '../../../base/byte-source.js';
import { messageOf, UserError } from '../../../base/errors.js';
import { filesBelow } from '../walk.js';
import type { ToolkitInput } from './toolkit.js';

/**
 * Files as they are given, and those below folders whose name fits.
 * @throws UserError for what cannot be read, a file whose name does not fit, or a folder without any
 */
export async function inputFiles(
  inputs: readonly ToolkitInput[],
  name: RegExp,
  what: string,
): Promise<ToolkitInput[]> {
  const files: ToolkitInput[] = [];
  for (const input of inputs) {
    const { path } = input;
    const status = await stat(path).catch((error: unknown) => {
      throw new UserError(`cannot be read (${messageOf(error)})`, { file: path, hint: `Pass ${what}` });
    });
    if (status.isDirectory()) {
      const below = (await filesBelow(path)).filter((each) => name.test(each));
      if (below.length === 0)
        throw new UserError(`contains no ${what}`, { file: path, hint: `Pass ${what}` });
      files.push(...below.map((each) => ({ ...input, path: join(path, each) })));
    } else {
      if (!status.isFile()) throw new UserError('is not a file', { file: path, hint: `Pass ${what}` });
      if (!name.test(path))
        throw new UserError(`does not have a name of ${what}`, {
          file: path,
          hint: `Rename it, or add a link with a name that matches ${name.source}`,
        });
      files.push(input);
    }
  }
  return files;
}

/** Opens a file, hands it to `use`, closes it. @throws UserError when it cannot be opened */
export async function withSource<T>(path: string, use: (source: ByteSource) => Promise<T>): Promise<T> {
  let handle: FileHandle;
  try {
    handle = await open(path);
  } catch (error) {
    throw new UserError(`cannot be read (${messageOf(error)})`, {
      file: path,
      hint: 'Check its path and its permissions',
      cause: error,
    });
  }
  try {
    const { size } = await handle.stat();
    return await use(sourceOf(handle, path, size));
  } finally {
    await handle.close();
  }
}

/** A folder for each file: named as the file, with a digest of its path where others have that name. */
export function unpackFolders(files: readonly ToolkitInput[], folder: string): ReadonlyMap<string, string> {
  const stem = (path: string): string => basename(path).replace(/\.(parquet|tar|tar\.gz|tgz)$/, '');
  const counts = new Map<string, number>();
  for (const { path } of files) counts.set(stem(path), (counts.get(stem(path)) ?? 0) + 1);
  return new Map(
    files.map(({ path }) => {
      const digest = createHash('sha256').update(resolve(path)).digest('hex').slice(0, 8);
      const isShared = (counts.get(stem(path)) ?? 0) > 1;
      return [path, join(folder, isShared ? `${stem(path)}-${digest}` : stem(path))];
    }),
  );
}

/** @file What the layouts of torch checkpoints have in common: a pickled object, and storages at places of a file. */
import type { FileHandle } from 'node:fs/promises';
import { UserError } from '../../base/errors.js';
import type { StorageReference } from './tensor.js';

export interface TorchLayout {
  /** What was saved; see `Unpickled`. */
  readonly root: unknown;
  /** Where a storage lies in the file. */
  readonly locate: (
    storage: StorageReference,
  ) => Promise<{ readonly position: number; readonly bytes: number }>;
}

/** One call of the operating system takes less than 2 GiB. */
const chunkBytes = 64 * 1024 * 1024;

/**
 * A part of a file, in memory of its own.
 * @throws UserError when the file ends before it
 */
export async function readBytes(
  handle: FileHandle,
  position: number,
  length: number,
  file: string,
): Promise<ArrayBuffer> {
  const { size } = await handle.stat();
  if (position + length > size) {
    throw new UserError(`is truncated: it ends at byte ${size}, before byte ${position + length}`, {
      file,
      hint: 'Copy it again',
    });
  }
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length; ) {
    const { bytesRead } = await handle.read(
      bytes,
      done,
      Math.min(chunkBytes, length - done),
      position + done,
    );
    if (bytesRead === 0) throw new UserError('was shortened during reading', { file, hint: 'Try again' });
    done += bytesRead;
  }
  return bytes.buffer;
}

/** @file Opens torch checkpoints (`.pt`) of either layout; tensors are read one by one, when asked for. */
import { type FileHandle, open } from 'node:fs/promises';
import { messageOf, UserError } from '../../base/errors.js';
import type { HostTensor } from '../../base/host-tensor.js';
import { readBytes, type TorchLayout } from './layout.js';
import { legacyLayout, legacySignature } from './legacy.js';
import { areModest, byteRange, floatTensor, isFloating, type TorchTensor } from './tensor.js';
import { zipLayout, zipSignature } from './zip.js';

export interface TorchFile {
  /** What was saved: dictionaries are Maps, lists and tuples arrays, namespaces objects, tensors `TorchTensor`. */
  readonly root: unknown;
  /** A tensor's values: float16, bfloat16 and float64 become float32. */
  readonly read: (tensor: TorchTensor) => Promise<HostTensor>;
  /** Several of them, by name; UserError when together they claim far more values than the file holds. */
  readonly readAll: (tensors: ReadonlyMap<string, TorchTensor>) => Promise<Record<string, HostTensor>>;
}

/**
 * Opens a torch checkpoint for as long as `use` runs.
 * @throws UserError if the file cannot be opened, is truncated, is no torch checkpoint, or names anything to be run
 */
export async function withTorchFile<T>(file: string, use: (content: TorchFile) => Promise<T>): Promise<T> {
  const handle = await open(file, 'r').catch((cause: unknown) => {
    throw new UserError('cannot be opened', { file, hint: messageOf(cause), cause });
  });
  try {
    const { root, locate } = await layoutOf(handle, file);
    const read = async (tensor: TorchTensor): Promise<HostTensor> => {
      const { storage } = tensor;
      if (!isFloating(tensor)) {
        throw new UserError(`contains a tensor of type ${storage.type}, expected floating point`, {
          file,
        });
      }
      const { position, bytes } = await locate(storage);
      const { begin, length } = byteRange(tensor);
      if (begin + length > bytes)
        throw new UserError(`its storage ${storage.key} is too short`, { file, hint: 'Copy it again' });
      return floatTensor(tensor, await readBytes(handle, position + begin, length, file));
    };
    const readAll = async (tensors: ReadonlyMap<string, TorchTensor>) => {
      if (!areModest(tensors.values())) {
        throw new UserError('its tensors declare far more values than it contains', {
          file,
          hint: 'Do not trust the file',
        });
      }
      const values: [string, HostTensor][] = [];
      for (const [name, tensor] of tensors) values.push([name, await read(tensor)]);
      return Object.fromEntries(values);
    };
    return await use({ root, read, readAll });
  } finally {
    await handle.close();
  }
}

async function layoutOf(handle: FileHandle, file: string): Promise<TorchLayout> {
  const { size } = await handle.stat();
  const start = new Uint8Array(await readBytes(handle, 0, Math.min(size, legacySignature.length), file));
  const begins = (signature: Uint8Array): boolean => signature.every((byte, i) => start[i] === byte);
  if (begins(zipSignature)) return zipLayout(handle, file);
  if (begins(legacySignature)) return legacyLayout(handle, file);
  throw new UserError('is not a torch checkpoint', { file, hint: 'Pass a file written by torch.save' });
}

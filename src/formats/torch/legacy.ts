/** @file The layout of torch checkpoints before 1.6: five pickles one after another, then the storages. */
import type { FileHandle } from 'node:fs/promises';
import { UserError } from '../../base/errors.js';
import { readBytes, type TorchLayout } from './layout.js';
import { storageTypes } from './tensor.js';
import { pickleReader, unpickle } from './unpickle.js';

/** The first pickle: torch's magic number 0x1950a86a20f9469cfc6c. */
export const legacySignature = Uint8Array.from(Buffer.from('80028a0a6cfc9c46f9206aa850192e', 'hex'));

const protocolVersion = 1001;

/** The pickles name tensors and hold settings: a longer part is not read into memory. */
const maximumPickleBytes = 64 * 1024 * 1024;

/**
 * What a legacy file holds, and where its storages lie.
 * @throws UserError for a truncated or damaged file, or another version of the layout
 */
export async function legacyLayout(handle: FileHandle, file: string): Promise<TorchLayout> {
  const { size } = await handle.stat();
  const head = new Uint8Array(await readBytes(handle, 0, Math.min(size, maximumPickleBytes), file));
  const reader = pickleReader(head);
  reader.skip(legacySignature.length);
  const { value: version } = unpickle(reader, file);
  const { value: system } = unpickle(reader, file);
  if (version !== protocolVersion || !(system instanceof Map) || system.get('little_endian') !== true) {
    throw new UserError(`is in torch's legacy format, but not version ${protocolVersion} (little-endian)`, {
      file,
      hint: 'Save it again with a newer torch',
    });
  }
  const { value: root, storages } = unpickle(reader, file);
  const { value: keys } = unpickle(reader, file);
  const places = new Map<string, { position: number; bytes: number }>();
  let position = reader.position;
  for (const key of Array.isArray(keys) ? (keys as unknown[]) : []) {
    const storage = storages.get(String(key));
    const length = Number(new DataView(await readBytes(handle, position, 8, file)).getBigInt64(0, true));
    if (storage === undefined || storage.length !== length)
      throw new UserError(`its storage ${key} does not match its description`, {
        file,
        hint: 'Copy it again',
      });
    const bytes = length * storageTypes[storage.type];
    places.set(storage.key, { position: position + 8, bytes });
    position += 8 + bytes;
  }
  return {
    root,
    locate: async ({ key }) => {
      const place = places.get(key);
      if (place === undefined)
        throw new UserError(`its storage ${key} is missing`, { file, hint: 'Copy it again' });
      return place;
    },
  };
}

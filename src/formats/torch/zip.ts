/** @file The zip layout of torch checkpoints: `data.pkl`, and each storage in an entry of its own. */
import type { FileHandle } from 'node:fs/promises';
import type yauzl from 'yauzl';
import { messageOf, UserError } from '../../base/errors.js';
import { openZip } from '../../base/zip.js';
import { readBytes, type TorchLayout } from './layout.js';
import { pickleReader, unpickle } from './unpickle.js';

export const zipSignature = Uint8Array.of(0x50, 0x4b, 0x03, 0x04);

/**
 * What a zip file holds, and where its storages lie.
 * @param handle stays the caller's: it must be open while storages are located
 * @throws UserError for a truncated zip file, or one that is no torch checkpoint
 */
export async function zipLayout(handle: FileHandle, file: string): Promise<TorchLayout> {
  const { archive, entries } = await readDirectory(handle, file);
  const place = async (name: string) => {
    const entry = entries.get(name);
    if (entry === undefined)
      throw new UserError(`its entry ${name} is missing`, { file, hint: 'Copy it again' });
    if (entry.compressionMethod !== 0 || entry.isEncrypted()) {
      throw new UserError(`its entry ${name} is compressed or encrypted`, {
        file,
        hint: 'Pass the file exactly as torch.save wrote it',
      });
    }
    const { fileDataStart } = await archive
      .readLocalFileHeaderPromise(entry, { minimal: true })
      .catch(damaged(file));
    return { position: fileDataStart, bytes: entry.uncompressedSize };
  };
  const pickle = [...entries.keys()].find((name) => /^[^/]+\/data\.pkl$/.test(name));
  if (pickle === undefined) {
    throw new UserError('is a zip file, but not a torch checkpoint: data.pkl is missing', {
      file,
      hint: 'Pass a checkpoint written by torch.save',
    });
  }
  const folder = pickle.slice(0, -'data.pkl'.length);
  const read = async (name: string) => {
    const { position, bytes } = await place(name);
    return new Uint8Array(await readBytes(handle, position, bytes, file));
  };
  const order = `${folder}byteorder`;
  if (entries.has(order) && new TextDecoder().decode(await read(order)).trim() !== 'little')
    throw new UserError('is in big-endian format', {
      file,
      hint: 'Save it again on a little-endian machine',
    });
  return {
    root: unpickle(pickleReader(await read(pickle)), file).value,
    locate: ({ key }) => place(`${folder}data/${key}`),
  };
}

async function readDirectory(handle: FileHandle, file: string) {
  const archive = await openZip(handle).catch(damaged(file));
  const entries = new Map<string, yauzl.Entry>();
  try {
    for await (const entry of archive.eachEntry()) entries.set(entry.fileName, entry);
  } catch (cause) {
    damaged(file)(cause);
  }
  return { archive, entries };
}

const damaged =
  (file: string) =>
  (cause: unknown): never => {
    throw new UserError(`truncated or damaged zip file (${messageOf(cause)})`, {
      file,
      hint: 'Copy it again',
      cause,
    });
  };

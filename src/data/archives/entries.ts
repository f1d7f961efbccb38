/** @file What an archive holds, entry by entry: tar, tar.gz and zip read as streams, told apart by their content. */
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { PassThrough, pipeline } from 'node:stream';
import { crc32, createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import type yauzl from 'yauzl';
import { messageOf, UserError } from '../../base/errors.js';
import { systemCode } from '../../base/files.js';
import { openZip } from '../../base/zip.js';

export interface ArchiveEntry {
  readonly name: string;
  /** Anything but a file or a folder says in words what it is. */
  readonly kind: 'file' | 'folder' | (string & {});
  readonly bytes: number;
  /** How far the archive was read when the entry began, in its own bytes. */
  readonly position: number;
  /** The contents, to be read before the next entry is asked for. */
  content(): AsyncIterable<Uint8Array>;
}

const chunkBytes = 1 << 18;

/**
 * The entries of an archive in their order. The iteration ends without an error only if the archive is whole.
 * @throws UserError naming an archive that cannot be read, is of another kind, or is truncated or damaged
 */
export async function* archiveEntries(file: string): AsyncGenerator<ArchiveEntry> {
  const head = await headOf(file);
  const isZip = head.readUInt32LE(0) === 0x04034b50;
  const isGzip = head.readUInt16LE(0) === 0x8b1f;
  const isTar = head.toString('latin1', 257, 262) === 'ustar';
  if (!isZip && !isGzip && !isTar) {
    throw new UserError('is not a supported archive', {
      file,
      hint: 'Pass a .tar, .tar.gz or .zip file; join one in parts first: cat PART* > WHOLE.zip',
    });
  }
  try {
    for await (const entry of isZip ? zipEntries(file) : tarEntries(file, isGzip)) {
      yield { ...entry, content: () => explained(file, entry.content()) };
    }
  } catch (error) {
    throw explanation(file, error);
  }
}

async function* explained(file: string, content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* content;
  } catch (error) {
    throw explanation(file, error);
  }
}

function explanation(file: string, error: unknown): unknown {
  if (error instanceof UserError || systemCode(error) !== undefined) return error;
  // The zip reader judges names by itself.
  if (/^(invalid relative path|absolute path|invalid characters in fileName)/.test(messageOf(error))) {
    return new UserError(`unsafe archive: an entry points outside the folder (${messageOf(error)})`, {
      file,
      hint: 'Download it from its publisher',
      cause: error,
    });
  }
  return new UserError(`the archive is truncated or damaged (${messageOf(error)})`, {
    exitCode: 1,
    file,
    hint: 'Download it again; what was unpacked is marked as incomplete',
    cause: error,
  });
}

async function headOf(file: string): Promise<Buffer> {
  const buffer = Buffer.alloc(512);
  try {
    const handle = await open(file);
    await handle.read(buffer, 0, 512, 0).finally(() => handle.close());
    return buffer;
  } catch (error) {
    throw new UserError(`the archive cannot be read (${messageOf(error)})`, {
      file,
      hint: 'Pass the path of a .tar, .tar.gz or .zip file',
      cause: error,
    });
  }
}

async function* tarEntries(file: string, gzipped: boolean): AsyncGenerator<ArchiveEntry> {
  const source = createReadStream(file, { highWaterMark: chunkBytes });
  const end = new PassThrough({ highWaterMark: chunkBytes });
  // Two blocks of zeros end a tar file: without them it was cut between two entries.
  let zeros = 0;
  end.on('data', (chunk: Buffer) => {
    const last = chunk.findLastIndex((byte) => byte !== 0);
    zeros = last === -1 ? zeros + chunk.length : chunk.length - 1 - last;
  });
  const parser = extract();
  const fail = (error: unknown): void => {
    if (error) parser.destroy(error as Error);
  };
  if (gzipped) pipeline(source, createGunzip({ chunkSize: chunkBytes }), end, fail);
  else pipeline(source, end, fail);
  end.on('error', fail);
  end.pipe(parser as unknown as NodeJS.WritableStream);
  try {
    for await (const entry of parser) {
      const { name, type, size = 0 } = entry.header;
      let begun = false;
      yield {
        name,
        kind:
          type === 'file' || type === 'contiguous-file'
            ? 'file'
            : type === 'directory'
              ? 'folder'
              : `${type}`,
        bytes: size,
        position: source.bytesRead,
        content: () => {
          begun = true;
          return entry as AsyncIterable<Uint8Array>;
        },
      };
      if (!begun) entry.resume();
    }
  } finally {
    source.destroy();
  }
  if (zeros < 1024) throw new Error('its end marker is missing');
}

/** The kinds of files that Unix knows, in the upper half of a zip entry's attributes. */
const unixKinds = new Map([
  [0o120000, 'symlink'],
  [0o020000, 'character-device'],
  [0o060000, 'block-device'],
  [0o010000, 'fifo'],
  [0o140000, 'socket'],
]);

async function* zipEntries(file: string): AsyncGenerator<ArchiveEntry> {
  const handle = await open(file);
  try {
    const archive = await openZip(handle, { strictFileNames: true });
    let position = 0;
    for await (const entry of archive.eachEntry()) {
      const { fileName: name, uncompressedSize: bytes } = entry;
      const kind = unixKinds.get((entry.externalFileAttributes >>> 16) & 0o170000);
      if (entry.isEncrypted()) {
        throw new UserError(`its entry ${name} is encrypted`, { file, hint: 'Unpack it yourself' });
      }
      yield {
        name,
        kind: kind ?? (name.endsWith('/') ? 'folder' : 'file'),
        bytes,
        position,
        content: () => checkedContent(archive, entry),
      };
      position += entry.compressedSize;
    }
  } finally {
    await handle.close();
  }
}

async function* checkedContent(archive: yauzl.ZipFile, entry: yauzl.Entry): AsyncGenerator<Uint8Array> {
  const stream = await archive.openReadStreamPromise(entry);
  let sum = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    sum = crc32(chunk, sum);
    yield chunk;
  }
  if (sum !== entry.crc32) throw new Error(`wrong checksum of ${entry.fileName}`);
}

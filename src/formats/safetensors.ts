/** @file Reads and writes safetensors files: eight bytes of length, a JSON header, the tensors' bytes. */

import { type FileHandle, open } from 'node:fs/promises';
import { messageOf, UserError } from '../base/errors.js';
import { writeFileAtomic } from '../base/files.js';
import type { HostTensor } from '../base/host-tensor.js';
import { bfloatsOf, halfValue } from './half.js';
import {
  damaged,
  type Entry,
  encodeHeader,
  headerBytes,
  notSafetensors,
  parseHeader,
} from './safetensors-header.js';

/** One call of the operating system takes less than 2 GiB. */
const chunkBytes = 64 * 1024 * 1024;

export interface SafetensorsFile {
  readonly tensors: Record<string, HostTensor>;
  readonly metadata: Record<string, string>;
}

/**
 * Tensors of a file, in the order they are stored. F64, F16 and BF16 become float32; I64 and U8 become int32.
 * @param wanted which ones (default: all); the others are not read from the disk
 * @throws UserError if the file cannot be read, is truncated, or its header is wrong: offsets that overlap,
 *   leave gaps or disagree with the shape, an unknown type, a header that is too long, int64 beyond int32
 */
export async function readSafetensors(
  file: string,
  wanted: (name: string) => boolean = () => true,
): Promise<SafetensorsFile> {
  return withHeader(file, async (handle, { entries, metadata, dataStart }) => {
    const tensors: [string, HostTensor][] = [];
    for (const entry of entries.filter(({ name }) => wanted(name)))
      tensors.push([entry.name, await readTensor(handle, entry, dataStart, file)]);
    return { tensors: Object.fromEntries(tensors), metadata };
  });
}

/**
 * The names of a file's tensors; their values are not read.
 * @throws UserError as `readSafetensors`
 */
export function safetensorsNames(file: string): Promise<string[]> {
  return withHeader(file, async (_handle, { entries }) => entries.map(({ name }) => name));
}

/** A file whose header was read; tensors are read when they are asked for. */
export interface OpenSafetensors {
  readonly names: readonly string[];
  /** Undefined where the file has none of that name. */
  read(name: string): Promise<HostTensor | undefined>;
  close(): Promise<void>;
}

/**
 * Opens a file to read some of its tensors, one at a time.
 * @throws UserError as `readSafetensors`
 */
export async function openSafetensors(file: string): Promise<OpenSafetensors> {
  const { handle, header } = await openWithHeader(file);
  const entries = new Map(header.entries.map((entry) => [entry.name, entry]));
  return {
    names: [...entries.keys()],
    async read(name) {
      const entry = entries.get(name);
      return entry && readTensor(handle, entry, header.dataStart, file);
    },
    close: () => handle.close(),
  };
}

type Header = ReturnType<typeof parseHeader> & { readonly dataStart: number };

async function withHeader<T>(
  file: string,
  use: (handle: FileHandle, header: Header) => Promise<T>,
): Promise<T> {
  const { handle, header } = await openWithHeader(file);
  try {
    return await use(handle, header);
  } finally {
    await handle.close();
  }
}

/** The open file, and its header; closed again where that is wrong. */
async function openWithHeader(
  file: string,
): Promise<{ readonly handle: FileHandle; readonly header: Header }> {
  const handle = await open(file, 'r').catch((cause: unknown) => {
    throw new UserError('cannot be opened', { file, hint: messageOf(cause), cause });
  });
  try {
    const { size } = await handle.stat();
    return { handle, header: await readHeader(handle, file, size) };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function readTensor(
  handle: FileHandle,
  entry: Entry,
  dataStart: number,
  file: string,
): Promise<HostTensor> {
  const bytes = new Uint8Array(entry.end - entry.begin);
  await readFully(handle, bytes, dataStart + entry.begin, file);
  return decode(entry, bytes, file);
}

/**
 * Writes tensors sorted by name (bool after the rest, so that every value is aligned). The file appears
 * whole or not at all; tensors are written from where they lie, without a copy.
 * @throws UserError (exit code 1) if the file cannot be written
 */
export async function writeSafetensors(
  file: string,
  tensors: Readonly<Record<string, HostTensor>>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  await writeFileAtomic(file, chunks(tensors, metadata));
}

function* chunks(
  tensors: Readonly<Record<string, HostTensor>>,
  metadata: Readonly<Record<string, string>>,
): Iterable<Uint8Array> {
  const sorted = Object.entries(tensors).sort(
    ([a, x], [b, y]) => Number(x.dtype === 'bool') - Number(y.dtype === 'bool') || (a < b ? -1 : 1),
  );
  yield encodeHeader(sorted, metadata);
  for (const [, { data }] of sorted) yield new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

async function readHeader(handle: FileHandle, file: string, fileBytes: number) {
  if (fileBytes < 8) throw notSafetensors(file, `it has only ${fileBytes} bytes`);
  const prefix = new Uint8Array(8);
  await readFully(handle, prefix, 0, file);
  const length = headerBytes(prefix, file);
  const dataStart = 8 + length;
  if (dataStart > fileBytes) {
    throw damaged(file, `is truncated: its header ends at byte ${dataStart} of ${fileBytes}`);
  }
  const bytes = new Uint8Array(length);
  await readFully(handle, bytes, 8, file);
  return { ...parseHeader(bytes, fileBytes - dataStart, file), dataStart };
}

function decode({ name, dtype, shape }: Entry, bytes: Uint8Array, file: string): HostTensor {
  switch (dtype) {
    case 'F32':
      return { dtype: 'float32', shape, data: new Float32Array(bytes.buffer) };
    case 'F64':
      return { dtype: 'float32', shape, data: Float32Array.from(new Float64Array(bytes.buffer)) };
    case 'BF16':
      return { dtype: 'float32', shape, data: bfloatsOf(new Uint16Array(bytes.buffer)) };
    case 'F16':
      return { dtype: 'float32', shape, data: Float32Array.from(new Uint16Array(bytes.buffer), halfValue) };
    case 'I32':
      return { dtype: 'int32', shape, data: new Int32Array(bytes.buffer) };
    case 'I64':
      return {
        dtype: 'int32',
        shape,
        data: Int32Array.from(new BigInt64Array(bytes.buffer), narrow(name, file)),
      };
    case 'U8':
      return { dtype: 'int32', shape, data: Int32Array.from(bytes) };
    case 'BOOL':
      if (bytes.some((byte) => byte > 1))
        throw damaged(file, `bool tensor ${name} has bytes other than 0 and 1`);
      return { dtype: 'bool', shape, data: bytes };
  }
}

function narrow(name: string, file: string) {
  return (value: bigint): number => {
    if (BigInt.asIntN(32, value) === value) return Number(value);
    throw new UserError(`int64 tensor ${name} contains ${value}, which does not fit in int32`, { file });
  };
}

async function readFully(
  handle: FileHandle,
  into: Uint8Array,
  position: number,
  file: string,
): Promise<void> {
  for (let done = 0; done < into.length; ) {
    const length = Math.min(chunkBytes, into.length - done);
    const { bytesRead } = await handle.read(into, done, length, position + done);
    if (bytesRead === 0) throw damaged(file, `ended at byte ${position + done} during reading`);
    done += bytesRead;
  }
}

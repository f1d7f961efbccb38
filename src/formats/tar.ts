/** @file Tar files as a list of members, each with the place of its bytes: what lies in one can be read without the rest. */
import type { ByteSource } from '../base/byte-source.js';
import { UserError } from '../base/errors.js';

export interface TarMember {
  readonly name: string;
  /** Where its bytes start. */
  readonly offset: number;
  readonly bytes: number;
}

const blockBytes = 512;
/** Headers of the common small files come several in one read. */
const windowBytes = 1 << 16;
/** More names or attributes than any file has. */
const longestNote = 1 << 20;

function damagedTar(file: string, how: string): UserError {
  return new UserError(`the tar file is truncated or damaged: ${how}`, {
    file,
    hint: 'Download or copy it again',
  });
}

/**
 * The regular files in a tar file (ustar, GNU, pax), in order; folders, links and devices are passed over.
 * @throws UserError when it is none, is compressed, a checksum is wrong, or it ends within a member
 */
export async function* tarMembers(source: ByteSource): AsyncGenerator<TarMember> {
  const { file, bytes } = source;
  const read = windowed(source);
  let named: string | undefined;
  let sized: number | undefined;
  for (let at = 0; ; ) {
    const block = await read(at, blockBytes);
    if (at === 0 && block[0] === 0x1f && block[1] === 0x8b) throw compressed(file);
    // Two blocks of zeros end a tar file; some writers leave them out.
    if (block.every((byte) => byte === 0)) return;
    if (block.length < blockBytes) throw damagedTar(file, 'it ends within a header');
    const header = headerOf(block);
    if (header === undefined) throw at === 0 ? notTar(file) : damagedTar(file, `no header at byte ${at}`);
    const offset = at + blockBytes;
    const size = (isFile(header.kind) ? sized : undefined) ?? header.bytes;
    if (!(size >= 0 && offset + size <= bytes))
      throw damagedTar(
        file,
        `'${named ?? header.name}' declares ${size} bytes, but ${bytes - offset} are left`,
      );
    at = offset + Math.ceil(size / blockBytes) * blockBytes;
    if ('xgLK'.includes(header.kind)) {
      if (size > longestNote) throw damagedTar(file, `invalid header length: ${size} bytes`);
      const note = Buffer.from(await read(offset, size));
      if (header.kind === 'L') named = textOf(note);
      if (header.kind === 'x') {
        const pax = paxOf(note);
        named = pax.get('path') ?? named;
        sized = pax.has('size') ? Number(pax.get('size')) : sized;
        if (pax.has('GNU.sparse.major') || pax.has('GNU.sparse.map'))
          throw new UserError(`'${named ?? ''}' is stored as a sparse file, which is not supported`, {
            file,
            hint: 'Create the archive again without --sparse',
          });
      }
      continue;
    }
    if (isFile(header.kind)) yield { name: named ?? header.name, offset, bytes: size };
    named = undefined;
    sized = undefined;
  }
}

const isFile = (kind: string): boolean => kind === '0' || kind === '\0' || kind === '7';

interface TarHeader {
  readonly name: string;
  readonly bytes: number;
  readonly kind: string;
}

/** What the block before a member's bytes says; undefined where it is no header. */
export function headerOf(block: Uint8Array): TarHeader | undefined {
  const header = Buffer.from(block);
  if (header.length < blockBytes) return undefined;
  const stated = octal(header, 148, 8);
  // Its own field counts as blanks.
  let sum = 8 * 32;
  for (let i = 0; i < blockBytes; i++) if (i < 148 || i >= 156) sum += header[i] as number;
  if (stated !== sum) return undefined;
  const isUstar = header.toString('latin1', 257, 263) === 'ustar\0';
  const prefix = isUstar ? textOf(header.subarray(345, 500)) : '';
  const name = textOf(header.subarray(0, 100));
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    bytes: octal(header, 124, 12),
    kind: header.toString('latin1', 156, 157),
  };
}

/** A number in octal digits, or, where the first bit is set, in binary (GNU); not a number where it is neither. */
function octal(header: Buffer, start: number, length: number): number {
  if ((header[start] as number) === 0x80) return Number(header.readBigUInt64BE(start + length - 8));
  const text = header
    .toString('latin1', start, start + length)
    .replace(/[\0 ]+$/, '')
    .trimStart();
  return /^[0-7]+$/.test(text) ? Number.parseInt(text, 8) : text === '' ? 0 : Number.NaN;
}

function textOf(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end < 0 ? bytes.length : end);
}

/** Records `LENGTH KEY=VALUE\n`, the length that of the whole record. */
function paxOf(note: Buffer): Map<string, string> {
  const records = new Map<string, string>();
  for (let at = 0; at < note.length; ) {
    const blank = note.indexOf(32, at);
    const length = blank < 0 ? Number.NaN : Number(note.toString('latin1', at, blank));
    if (!(length > blank - at && at + length <= note.length)) break;
    const record = note.toString('utf8', blank + 1, at + length - 1);
    const equals = record.indexOf('=');
    if (equals > 0) records.set(record.slice(0, equals), record.slice(equals + 1));
    at += length;
  }
  return records;
}

const notTar = (file: string): UserError =>
  new UserError('is not a tar file', { file, hint: 'Pass .tar shards' });

function compressed(file: string): UserError {
  return new UserError('is compressed: its files cannot be read in place', {
    file,
    hint: 'Pass --unpack DIR, or unpack it with gunzip',
  });
}

/** Reads through a window that moves with the headers. */
function windowed(source: ByteSource): ByteSource['read'] {
  let start = 0;
  let bytes: Uint8Array = new Uint8Array();
  return async (offset, length) => {
    if (length > windowBytes) return source.read(offset, length);
    if (offset < start || offset + length > start + bytes.length) {
      start = offset;
      bytes = await source.read(offset, windowBytes);
    }
    return bytes.subarray(offset - start, offset - start + length);
  };
}

/** @file What a shared library of Linux (ELF, 64 bits, little-endian) says of itself: the libraries that it needs. */
import { closeSync, openSync, readSync } from 'node:fs';

/** Kinds of program headers, and tags of the dynamic section (System V ABI). */
const loaded = 1;
const dynamic = 2;
const neededTag = 1;
const stringTableTag = 5;

/** A part of a file, with where the loader puts it. */
interface Segment {
  readonly kind: number;
  readonly offset: number;
  readonly address: number;
  readonly bytes: number;
}

/**
 * Names of the libraries that a shared library is linked with, in its order.
 * @throws Error where the file is not such a library, or is cut off
 */
export function neededBy(file: string): readonly string[] {
  const handle = openSync(file, 'r');
  try {
    const read = (offset: number, bytes: number): Buffer => {
      const buffer = Buffer.alloc(bytes);
      if (readSync(handle, buffer, 0, bytes, offset) !== bytes) throw new Error(`${file} is cut off`);
      return buffer;
    };
    const head = read(0, 64);
    if (head.toString('latin1', 0, 6) !== '\x7fELF\x02\x01')
      throw new Error(`${file} is not a shared library`);
    const segments = segmentsOf(read, head);
    const table = segments.find(({ kind }) => kind === dynamic);
    if (table === undefined) throw new Error(`${file} is not a shared library`);
    const entries = entriesOf(read(table.offset, table.bytes));
    const strings = entries.find(({ tag }) => tag === stringTableTag)?.value;
    if (strings === undefined) return [];
    const home = segments.find(
      ({ kind, address, bytes }) => kind === loaded && strings >= address && strings < address + bytes,
    );
    if (home === undefined) throw new Error(`${file} has no table of names`);
    const place = strings - home.address + home.offset;
    return entries.filter(({ tag }) => tag === neededTag).map(({ value }) => textAt(read, place + value));
  } finally {
    closeSync(handle);
  }
}

type Read = (offset: number, bytes: number) => Buffer;

function segmentsOf(read: Read, head: Buffer): Segment[] {
  const [start, size, count] = [
    Number(head.readBigUInt64LE(32)),
    head.readUInt16LE(54),
    head.readUInt16LE(56),
  ];
  const headers = read(start, size * count);
  return Array.from({ length: count }, (_, i) => {
    const at = i * size;
    return {
      kind: headers.readUInt32LE(at),
      offset: Number(headers.readBigUInt64LE(at + 8)),
      address: Number(headers.readBigUInt64LE(at + 16)),
      bytes: Number(headers.readBigUInt64LE(at + 32)),
    };
  });
}

function entriesOf(table: Buffer): { readonly tag: number; readonly value: number }[] {
  return Array.from({ length: Math.floor(table.length / 16) }, (_, i) => ({
    tag: Number(table.readBigInt64LE(i * 16)),
    value: Number(table.readBigUInt64LE(i * 16 + 8)),
  }));
}

/** A name up to its zero byte; names of libraries are short. */
function textAt(read: Read, offset: number): string {
  let text = '';
  for (;;) {
    const [byte] = read(offset + text.length, 1);
    if (byte === 0 || byte === undefined) return text;
    text += String.fromCharCode(byte);
  }
}

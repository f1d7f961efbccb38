/** @file The pages of Ogg files (RFC 3533), each checked against its checksum, and the packets in them. */
import type { ByteSource } from './source.js';

/** A page is at most 27 + 255 + 255 * 255 bytes long. */
const longestPage = 65307;

export interface OggPage {
  readonly offset: number;
  /** All of it. */
  readonly bytes: Uint8Array;
  readonly isFirst: boolean;
  readonly isLast: boolean;
  readonly serial: number;
  readonly sequence: number;
  /** What the codec counts, at the end of the last packet that ends on this page; undefined where none does. */
  readonly granule: number | undefined;
  /** Sizes of the segments of its packets, which the page ends with. */
  readonly segments: Uint8Array;
}

/**
 * The pages from one on.
 * @param end where to stop (default: the end of the file)
 * @throws Error for a page that is cut short, or is other than when it was written
 */
export async function* oggPages(source: ByteSource, start = 0, end = source.bytes): AsyncGenerator<OggPage> {
  let window: Uint8Array = new Uint8Array();
  let from = start;
  for (let offset = start; offset < end; ) {
    if (offset + longestPage > from + window.length && from + window.length < source.bytes) {
      window = await source.read(offset, 4 * longestPage);
      from = offset;
    }
    const rest = window.subarray(offset - from);
    const page = pageOf(rest, offset);
    if (page === undefined) {
      // Some programs put tags or zeros behind the last page.
      if (offset > start && !(await holdsPage(source, offset))) return;
      throw new Error('a page is damaged');
    }
    yield page;
    offset += page.bytes.length;
  }
}

function pageOf(rest: Uint8Array, offset: number): OggPage | undefined {
  if (String.fromCharCode(...rest.subarray(0, 5)) !== 'OggS\0' || rest.length < 27) return undefined;
  const segments = rest.subarray(27, 27 + (rest[26] as number));
  const length = 27 + segments.length + segments.reduce((sum, size) => sum + size, 0);
  if (length > rest.length) throw new Error('it ends within its last page');
  const bytes = rest.subarray(0, length);
  const view = new DataView(bytes.buffer, bytes.byteOffset, length);
  if (view.getUint32(22, true) !== checksumOf(bytes)) throw new Error('a page does not match its checksum');
  const flags = bytes[5] as number;
  const granule = view.getBigInt64(6, true);
  return {
    offset,
    bytes,
    isFirst: (flags & 2) !== 0,
    isLast: (flags & 4) !== 0,
    serial: view.getUint32(14, true),
    sequence: view.getUint32(18, true),
    granule: granule < 0n ? undefined : Number(granule),
    segments,
  };
}

async function holdsPage(source: ByteSource, offset: number): Promise<boolean> {
  for (let at = offset; at < source.bytes; at += longestPage - 3) {
    const bytes = await source.read(at, longestPage);
    if (Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes('OggS')) return true;
  }
  return false;
}

/** CRC-32 with the polynomial 0x04c11db7, from zero, nothing reflected. */
const checksums = Uint32Array.from({ length: 256 }, (_, byte) => {
  let sum = byte << 24;
  for (let bit = 0; bit < 8; bit++) sum = (sum << 1) ^ (sum < 0 ? 0x04c11db7 : 0);
  return sum;
});

/** The checksum of a page, whose own four bytes count as zeros. */
export function checksumOf(page: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < page.length; i++) {
    const byte = i >= 22 && i < 26 ? 0 : (page[i] as number);
    sum = (sum << 8) ^ (checksums[(sum >>> 24) ^ byte] as number);
  }
  return sum >>> 0;
}

/** Puts packets together out of the pages of one stream. */
export function packetJoiner(): (page: OggPage) => Uint8Array[] {
  let begun: Uint8Array[] = [];
  return ({ bytes, segments }) => {
    const packets: Uint8Array[] = [];
    let at = 27 + segments.length;
    for (const size of segments) {
      begun.push(bytes.subarray(at, at + size));
      at += size;
      // A segment of full size says that its packet goes on.
      if (size === 255) continue;
      packets.push(begun.length === 1 ? (begun[0] as Uint8Array) : Buffer.concat(begun));
      begun = [];
    }
    return packets;
  };
}

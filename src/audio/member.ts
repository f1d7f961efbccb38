/** @file Audio that lies inside another file: how it is written where a path is, and how its bytes are read in place. */
import { crc32 } from 'node:zlib';
import type { ByteSource } from '../base/byte-source.js';
import { UserError } from '../base/errors.js';
import { blobAt, type DatedSource } from '../formats/parquet/blob.js';
import { headerOf } from '../formats/tar.js';

/** What lies inside a file: `shards/0.tar#key.flac@1536+32044`, `train.parquet#audio.bytes@17+32044=9f3a11c0`. */
export interface Member {
  /** The tar or Parquet file. */
  readonly container: string;
  readonly kind: 'tar' | 'parquet';
  /** Its name in a tar file, the column in a Parquet file. */
  readonly name: string;
  /** Where its bytes start in a tar file; the row in a Parquet file, counted from 0. */
  readonly place: number;
  readonly bytes: number;
  /** Of its bytes, in hexadecimal; where they stand packed among others, it alone tells that they are the same. */
  readonly crc32?: string | undefined;
}

const written = /^(.+?\.(tar|parquet))#(.+)@(\d{1,15})\+(\d{1,15})(?:=([0-9a-f]{8}))?$/s;

/** What a path names inside a file; undefined where it names a file. */
export function memberOf(path: string): Member | undefined {
  if (!path.includes('#')) return undefined;
  const [, container, kind, name, place, bytes, sum] = written.exec(path) ?? [];
  if (container === undefined || name === undefined) return undefined;
  return {
    container,
    kind: kind === 'tar' ? 'tar' : 'parquet',
    name,
    place: Number(place),
    bytes: Number(bytes),
    crc32: sum,
  };
}

/** The file that has to be there for a path to be read. */
export const containerOf = (path: string): string => memberOf(path)?.container ?? path;

/** A path with `change` made to the file in it. */
export function withContainer(path: string, change: (file: string) => string): string {
  const member = memberOf(path);
  return member === undefined ? change(path) : change(member.container) + path.slice(member.container.length);
}

/** As a path is written. */
export function memberPath({ container, name, place, bytes, crc32: sum }: Omit<Member, 'kind'>): string {
  return `${container}#${name}@${place}+${bytes}${sum === undefined ? '' : `=${sum}`}`;
}

/** CRC-32 in 8 hexadecimal digits. */
export const crc32Of = (bytes: Uint8Array): string => crc32(bytes).toString(16).padStart(8, '0');

/**
 * The bytes of a member, as a source of their own.
 * @param path as messages name it
 * @throws UserError when something else lies there than when the path was written
 */
export async function memberSource(
  container: DatedSource,
  member: Member,
  path: string,
): Promise<ByteSource> {
  return member.kind === 'tar' ? inTar(container, member, path) : inParquet(container, member, path);
}

function changed(path: string, how: string): UserError {
  return new UserError(`not found at this position: ${how}`, {
    file: path,
    hint: "The file has changed since the manifest was written: run 'ehmam prepare' again",
  });
}

async function inTar(container: ByteSource, member: Member, path: string): Promise<ByteSource> {
  const { name, place, bytes } = member;
  const header = headerOf(await container.read(Math.max(0, place - 512), 512));
  if (header === undefined) throw changed(path, 'its header is missing');
  // A longer name, or one in other letters, stands elsewhere.
  const isShort = /^[ -~]{1,100}$/.test(name);
  if (isShort && header.name !== name) throw changed(path, `found '${header.name}'`);
  if (header.bytes !== bytes) throw changed(path, `it has ${header.bytes} bytes`);
  return {
    file: path,
    bytes,
    read: (offset, length) =>
      container.read(place + Math.min(offset, bytes), Math.max(0, Math.min(length, bytes - offset))),
  };
}

async function inParquet(container: DatedSource, member: Member, path: string): Promise<ByteSource> {
  const { name, place, bytes, crc32: sum } = member;
  const blob = await blobAt(container, name, place);
  if (blob === null) throw changed(path, 'the row has no audio');
  if (blob.length !== bytes) throw changed(path, `the row has ${blob.length} bytes`);
  if (sum !== undefined && crc32Of(blob) !== sum) throw changed(path, 'its checksum differs');
  return {
    file: path,
    bytes,
    read: async (offset, length) => blob.subarray(offset, offset + length),
  };
}

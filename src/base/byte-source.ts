/** @file A file's bytes, read where they are needed. */
import type { FileHandle } from 'node:fs/promises';

/** Bytes that lie in a file, opened for reading. */
export interface ByteSource {
  /** What messages call it. */
  readonly file: string;
  readonly bytes: number;
  /** The bytes of [offset, offset + length), fewer where they end. */
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** The bytes of an open file. */
export function sourceOf(handle: FileHandle, file: string, bytes: number): ByteSource {
  return {
    file,
    bytes,
    async read(offset, length) {
      const buffer = new Uint8Array(Math.max(0, Math.min(length, bytes - offset)));
      let filled = 0;
      while (filled < buffer.length) {
        const { bytesRead } = await handle.read(buffer, filled, buffer.length - filled, offset + filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return buffer.subarray(0, filled);
    },
  };
}

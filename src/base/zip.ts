/** @file Opens zip files so that damage is an error which can be caught: yauzl 3.4 throws, outside of any promise, for places beyond 2^53. */
import { read } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import yauzl from 'yauzl';

const pieceBytes = 1 << 18;

/**
 * The archive in an open file.
 * @param handle stays the caller's, and open while the archive is in use
 * @throws Error for what is no zip file, or a damaged one
 */
export async function openZip(handle: FileHandle, options: yauzl.Options = {}): Promise<yauzl.ZipFile> {
  const { size } = await handle.stat();
  return yauzl.fromRandomAccessReaderPromise(new HandleReader(handle, size), size, {
    ...options,
    autoClose: false,
  });
}

class HandleReader extends yauzl.RandomAccessReader {
  constructor(
    private readonly handle: FileHandle,
    private readonly size: number,
  ) {
    super();
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null, bytes?: number) => void,
  ): void {
    // Nothing is there, as at the end of a file.
    if (position > this.size) process.nextTick(callback, null, 0);
    else read(this.handle.fd, buffer, offset, length, position, callback);
  }

  override _readStreamForRange(start: number, end: number): Readable {
    return Readable.from(this.pieces(start, end), { objectMode: false });
  }

  private async *pieces(start: number, end: number): AsyncGenerator<Buffer> {
    for (let at = start; at < end; ) {
      const piece = Buffer.alloc(Math.min(pieceBytes, end - at));
      const { bytesRead } = await this.handle.read(piece, 0, piece.length, at);
      if (bytesRead === 0) return;
      yield piece.subarray(0, bytesRead);
      at += bytesRead;
    }
  }
}

/** @file A file brought from elsewhere: resumed where it was cut off, checked before it counts. */
import { mkdir, open as openFile, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { moveFile } from '../base/files.js';
import { type Lock, takeLock } from '../base/lock.js';

/** What comes when a file is asked for from some byte on. */
export interface Incoming {
  readonly content: AsyncIterable<Uint8Array>;
  /** The byte that the content begins at: 0 where the origin began anew. */
  readonly offset: number;
}

export interface Wanted {
  /** Where the file goes; until it is whole it lies in `FILE.incomplete`. */
  readonly file: string;
  /** Where it lies until then (default: `FILE.incomplete`). */
  readonly part?: string;
  /** Undefined where the origin does not say. */
  readonly bytes: number | undefined;
  /** Asks the origin for the file from this byte on. */
  readonly open: (offset: number) => Promise<Incoming>;
  /** What is wrong with a file that has all its bytes, or undefined. */
  readonly fault: (file: string) => Promise<string | undefined>;
  /** Told how many bytes are there. */
  readonly onBytes?: (bytes: number) => void;
}

export const incompleteFile = (file: string): string => `${file}.incomplete`;

/**
 * Brings what a file still lacks; of several processes that want it one brings it, the others wait. A part from an earlier call that turns out wrong is fetched anew once.
 * @returns undefined, or what is wrong with what came; the part is then removed
 * @throws what `open` and the content throw; the part stays for the next call
 */
export async function bringFile(wanted: Wanted): Promise<string | undefined> {
  const { file, bytes, fault, onBytes, part = incompleteFile(file) } = wanted;
  await mkdir(dirname(file), { recursive: true });
  const lock = await waitForLock(part, onBytes);
  try {
    // Who had the lock before may have brought it.
    const isThere = bytes !== undefined && (await sizeOf(file)) === bytes;
    if (isThere && (await fault(file)) === undefined) return undefined;
    return await bring(wanted, part);
  } finally {
    await lock.release();
  }
}

const millisecondsBetweenLooks = 250;

/** Waits while another process brings the same file, and tells how far that is. */
async function waitForLock(part: string, onBytes: Wanted['onBytes']): Promise<Lock> {
  for (;;) {
    const lock = await takeLock(`${part}.lock`);
    if (lock !== undefined) return lock;
    onBytes?.((await sizeOf(part)) ?? 0);
    await delay(millisecondsBetweenLooks);
  }
}

async function bring(
  { file, bytes, open, fault, onBytes }: Wanted,
  part: string,
): Promise<string | undefined> {
  let wrong: string | undefined;
  for (const resumed of [true, false]) {
    const size = resumed ? ((await sizeOf(part)) ?? 0) : 0;
    const there = bytes !== undefined && size > bytes ? 0 : size;
    const begun = there > 0 && there === bytes ? there : await receive(part, there, open, onBytes);
    const got = await sizeOf(part);
    wrong =
      bytes !== undefined && got !== bytes ? `it has ${got} bytes, expected ${bytes}` : await fault(part);
    if (wrong === undefined) {
      await moveFile(part, file);
      return undefined;
    }
    await rm(part, { force: true });
    if (begun === 0) break;
  }
  return wrong;
}

/** @returns the byte that the content began at */
async function receive(
  part: string,
  there: number,
  open: Wanted['open'],
  onBytes: Wanted['onBytes'],
): Promise<number> {
  const { content, offset } = await open(there);
  const handle = await openFile(part, offset === 0 ? 'w' : 'a');
  let done = offset;
  try {
    // Written at once, so that what came before the connection breaks is kept.
    for await (const chunk of content) {
      await handle.writeFile(chunk);
      done += chunk.length;
      onBytes?.(done);
    }
  } finally {
    await handle.close();
  }
  return offset;
}

/** Bytes of a file, undefined where it is not there. */
export async function sizeOf(file: string): Promise<number | undefined> {
  return stat(file).then(
    ({ size }) => size,
    () => undefined,
  );
}

/** @file Changes of any file's bytes, and the values that changes of structured files draw from. */
import type { RandomStream } from '../../base/random.js';

/** A change of a file's bytes; the bytes given stay as they are. */
export type Change = (bytes: Uint8Array, random: RandomStream) => Uint8Array;

/** Numbers where code forgets to look. */
export const wildNumbers = [0, -1, 1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 53, 1e18, 1e308, 0.5, -0];
export const pathTricks = [
  '../../outside',
  '/tmp/outside',
  '..\\outside',
  'a/../../outside',
  '.',
  '',
  'a\0b',
  'C:\\x',
];

export const pick = <T>(random: RandomStream, from: readonly T[]): T =>
  from[random.integer(from.length)] as T;

/** Values nested so deep that recursion runs out of stack. */
export const deep = (random: RandomStream): number => pick(random, [50, 5_000, 200_000]);

export const truncate: Change = (bytes, random) => bytes.slice(0, random.integer(bytes.length));

export const flipBits: Change = (bytes, random) => {
  const changed = bytes.slice();
  for (let i = random.integer(8); i >= 0; i--) {
    const at = random.integer(changed.length);
    changed[at] = (changed[at] as number) ^ (1 << random.integer(8));
  }
  return changed;
};

/** Flips bits in the first part alone, where headers are. */
export const flipHead: Change = (bytes, random) => {
  const head = Math.min(bytes.length, pick(random, [16, 64, 2048]));
  return Buffer.concat([flipBits(bytes.slice(0, head), random), bytes.slice(head)]);
};

export const overwrite: Change = (bytes, random) => {
  const changed = bytes.slice();
  const at = random.integer(changed.length);
  const length = Math.min(changed.length - at, 1 + random.integer(64));
  const kind = random.integer(3);
  for (let i = 0; i < length; i++) changed[at + i] = kind === 0 ? 0 : kind === 1 ? 255 : random.integer(256);
  return changed;
};

/** Writes a wild 4 or 8 byte number somewhere: lengths, offsets, sizes. */
export const inflate: Change = (bytes, random) => {
  const changed = Buffer.from(bytes);
  if (changed.length < 8) return changed;
  const at = random.integer(changed.length - 7);
  const value = pick(random, [2n ** 31n, 2n ** 32n - 1n, 2n ** 40n, 2n ** 63n - 1n, 100_000_000n, 65_536n]);
  if (random.integer(2) === 0) changed.writeBigUInt64LE(value, at);
  else changed.writeUInt32LE(Number(value & 0xffffffffn), at);
  return changed;
};

export const duplicate: Change = (bytes, random) => {
  const at = random.integer(bytes.length);
  const part = bytes.slice(at, at + random.integer(4096));
  return Buffer.concat([bytes.slice(0, at), part, bytes.slice(at)]);
};

/** @file Decoders that talk: libraries that print to the console what they also return. */

/**
 * What a decoder gives, without what it prints: its errors are among what it returns.
 * @param decode runs to its end before it returns
 */
export function silently<T>(decode: () => T): T {
  const { error, warn, log } = console;
  const nothing = (): void => undefined;
  Object.assign(console, { error: nothing, warn: nothing, log: nothing });
  try {
    return decode();
  } finally {
    Object.assign(console, { error, warn, log });
  }
}

/** @file The foreign function interface (koffi), where it can be loaded. */

import { createRequire } from 'node:module';
import type koffi from 'koffi';
import { UserError } from '../../base/errors.js';

export type Foreign = typeof koffi;

/** An address; null for none. */
export type Pointer = bigint | null;

/** A pointer that is not null. */
export type Address = bigint;

let loaded: Foreign | null | undefined;

/** koffi, or undefined where this platform has no library of it, and where `EHMAM_BINDING=node` asks for none. */
export function foreign(): Foreign | undefined {
  if (loaded === undefined) loaded = process.env.EHMAM_BINDING === 'node' ? null : load();
  return loaded ?? undefined;
}

/**
 * koffi, for what cannot do without.
 * @param need who needs it: `CUDA devices need`
 * @throws UserError where it cannot be loaded
 */
export function expectForeign(need: string): Foreign {
  const library = foreign();
  if (library !== undefined) return library;
  throw new UserError(`${need} the package koffi, which cannot be loaded here`, {
    hint: 'Install again with optional packages, or use --provider cpu',
  });
}

function load(): Foreign | null {
  try {
    const library = createRequire(import.meta.url)('koffi') as Foreign;
    // Called functions run on stacks of this size: ONNX Runtime's kernels take more than the 128 KiB that are the default.
    library.config({ async_stack_size: 8 * 2 ** 20, sync_stack_size: 8 * 2 ** 20, resident_async_pools: 4 });
    return library;
  } catch {
    return null;
  }
}

/**
 * The address of an array's values. V8 may move those of small arrays until their buffer was asked for: so it is.
 * What holds the address holds no reference: keep the array as long as the address is used.
 */
export function addressOf(library: Foreign, values: ArrayBufferView): Address {
  void values.buffer;
  return library.address(values);
}

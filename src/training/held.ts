/** @file A tree that an engine keeps between runs. */
import type { ToHost } from '../engine/tree.js';

export interface Held<T> {
  /** Copies it to the host. */
  read(): Promise<ToHost<T>>;
  release(): Promise<void>;
}

export function holdOnHost<T>(tree: ToHost<T>): Held<T> {
  return { read: async () => tree, release: async () => {} };
}

/** @file How many threads make the input of what an engine computes. */
import { availableParallelism } from 'node:os';

export interface InputThreads {
  readonly decoding: number;
  readonly noise: number;
}

/** Few where the processors compute themselves; where a device does, as many as keep up with an update of 40 ms. */
export function inputThreads({ provider }: { readonly provider: string }): InputThreads {
  if (provider === 'cpu') return { decoding: 2, noise: 1 };
  const between = (least: number, most: number, share: number): number =>
    Math.max(least, Math.min(most, Math.floor(share * availableParallelism())));
  return { decoding: between(2, 8, 1 / 2), noise: between(1, 4, 1 / 4) };
}

/** @file The learning rates that a search tries. */

/** SUPERB's one freedom. */
export const searchedRates: readonly number[] = [1e-1, 1e-2, 1e-3, 1e-4, 1e-5];

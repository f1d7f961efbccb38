/** @file How a suite itself says that its heads are trained. */
import { searchedRates } from '../heads/rates.js';
import type { Training } from './plan.js';
import type { Suite } from './schema.js';

export function trainingOf({ preset, lr }: Pick<Suite, 'preset' | 'lr'>): Training {
  const learningRates = lr === undefined ? undefined : lr === 'search' ? searchedRates : [lr];
  return { preset, learningRates };
}

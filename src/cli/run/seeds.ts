/** @file Which seeds heads start from: how many, or the seeds themselves. */
import { UserError } from '../../base/errors.js';
import type { Suite } from '../../suite/schema.js';

/** SUPERB's. */
export const usualSeed = 1337;
/** Up to here a number alone says how many seeds; above it, it is one. */
const mostSeeds = 100;

const expected = `expected a count from 1 to ${mostSeeds}, a list such as 1,2,3, or a single seed: 1338, or 7, with a comma`;

/**
 * What `--seeds` says: `5` five seeds from SUPERB's onwards, `1,2,3` those, `1338` that one (a number above 100 cannot be how
 * many), `7,` that one.
 * @throws UserError for what is no seed
 */
export function seedsOf(text: string | undefined): readonly number[] | undefined {
  if (text === undefined) return undefined;
  const words = text.split(',').map((word) => word.trim());
  const isList = words.length > 1;
  // The comma of a list of one.
  if (words.length === 2 && words[1] === '') words.pop();
  const seeds = words.map((word) => {
    if (/^\d{1,9}$/.test(word)) return Number(word);
    throw new UserError(`--seeds '${text}': ${expected}`);
  });
  const twice = seeds.find((seed, i) => seeds.indexOf(seed) !== i);
  if (twice !== undefined)
    throw new UserError(`--seeds: duplicate value '${twice}'`, { hint: 'Remove one of the two' });
  return isList ? seeds : seedsOfNumber(seeds[0] as number);
}

/** What a suite's `seeds` says, by the same rule. */
export function seedsOfSuite(seeds: Suite['seeds']): readonly number[] {
  if (typeof seeds === 'number') return seedsOfNumber(seeds);
  return seeds === undefined ? [usualSeed] : [...new Set(seeds)];
}

function seedsOfNumber(number: number): readonly number[] {
  if (number > mostSeeds) return [number];
  if (number < 1) throw new UserError(`--seeds ${number}: ${expected}`);
  return Array.from({ length: number }, (_, i) => usualSeed + i);
}

/** @file Simulated test sets of slots and of folds: what their metrics' intervals are tried on. */
import type { RandomStream } from '../../src/base/random.js';
import { meanOfGroupsStatistic, type Share, type StatisticMetric } from '../../src/metrics/index.js';

/**
 * F1 of the names of slots, each utterance's own: three wanted, each found with a chance of 0.7, and one too many with a
 * chance of 0.3. Utterances without any have 1 where none is found.
 */
export function slotF1s(random: RandomStream, utterances: number): Share[] {
  return Array.from({ length: utterances }, () => {
    const wanted = random.uniform() < 0.1 ? 0 : 3;
    const found = Array.from({ length: wanted }, () => (random.uniform() < 0.7 ? 1 : 0));
    const shared = found.reduce<number>((sum, one) => sum + one, 0);
    const extra = random.uniform() < 0.3 ? 1 : 0;
    const all = wanted + shared + extra;
    return { numerator: all === 0 ? 1 : (2 * shared) / all, denominator: 1 };
  });
}

/** The mean of `slotF1s`: over how many of three are found, and whether one is too many. */
export function slotF1Truth(): number {
  const chances = [0.3 ** 3, 3 * 0.7 * 0.3 ** 2, 3 * 0.7 ** 2 * 0.3, 0.7 ** 3];
  const withSlots = chances.reduce(
    (sum, chance, shared) =>
      sum + chance * (0.7 * ((2 * shared) / (3 + shared)) + 0.3 * ((2 * shared) / (4 + shared))),
    0,
  );
  return 0.1 * 0.7 + 0.9 * withSlots;
}

/** Edits over characters of slots' values: one to three values of 4 to 12 characters, easy ones or hard, a tenth without any. */
export function slotEdits(random: RandomStream, utterances: number): Share[] {
  return Array.from({ length: utterances }, () => {
    if (random.uniform() < 0.1) return { numerator: 0, denominator: 0 };
    const chance = random.uniform() < 0.5 ? 0.1 : 0.5;
    const values = Array.from({ length: 1 + random.integer(3) }, () => 4 + random.integer(9));
    const characters = values.reduce((sum, length) => sum + length, 0);
    const edits = Array.from({ length: characters }, () => (random.uniform() < chance ? 1 : 0));
    return { numerator: edits.reduce<number>((sum, edit) => sum + edit, 0), denominator: characters };
  });
}

/** Folds of unequal size, each tested by a head of its own: the chances of being right differ from fold to fold. */
export const foldSizes = [60, 40, 80, 50, 90] as const;
const foldChances = [0.6, 0.75, 0.55, 0.7, 0.65] as const;

/** The mean of the folds' chances, whatever their sizes. */
export const foldsTruth = foldChances.reduce((sum, chance) => sum + chance, 0) / foldChances.length;

export function answersOfFolds(random: RandomStream): StatisticMetric {
  const rows = foldSizes.flatMap((count, fold) =>
    Array.from({ length: count }, () => ({
      fold,
      right: random.uniform() < (foldChances[fold] ?? 0) ? 1 : 0,
    })),
  );
  return meanOfGroupsStatistic(
    rows.map(({ right }) => right),
    rows.map(({ fold }) => String(fold)),
    rows.map((_, i) => String(i)),
  );
}

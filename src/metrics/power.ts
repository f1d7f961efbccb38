/** @file The power of a paired test: the smallest true difference that it would most likely find. */
import type { PairedDifference } from './paired.js';
import { studentReach } from './student.js';

export interface DetectableOptions {
  /** Below this p-value a difference counts as found (default 0.05). */
  readonly level?: number;
  /** How often the difference is to be found (default 0.8). */
  readonly power?: number;
  /** A found difference must be larger than this besides (default 0). */
  readonly tolerance?: number;
}

/**
 * The smallest true difference that the test finds with the wanted power: its standard error times
 * (reach of the level + reach of the power), 1.96 + 0.84 where both are the usual ones (Cohen 1988, section 2.4; for error
 * rates: Card et al. 2020, "With Little Power Comes Great Responsibility"). The standard error is that of the data at hand.
 * @returns undefined where the two systems gave the same on every draw: the data says nothing then
 */
export function detectableDifference(
  { standardError, degrees = Number.POSITIVE_INFINITY }: Pick<PairedDifference, 'standardError' | 'degrees'>,
  { level = 0.05, power = 0.8, tolerance = 0 }: DetectableOptions = {},
): number | undefined {
  if (standardError === 0) return undefined;
  const found = Math.max(tolerance, studentReach(degrees, level) * standardError);
  return found + powerReach(power) * standardError;
}

/**
 * How much larger a difference must be that is found with the same power as the only one among so many comparisons, by
 * Holm's correction: its p-value is then compared with the level's share.
 */
export function familyFactor(
  comparisons: number,
  { level = 0.05, power = 0.8 }: DetectableOptions = {},
): number {
  const asked = (ownLevel: number): number =>
    studentReach(Number.POSITIVE_INFINITY, ownLevel) + powerReach(power);
  return asked(level / Math.max(1, comparisons)) / asked(level);
}

/** How many standard errors lie between the median and the quantile of the power: 0.84 for 80 %. */
const powerReach = (power: number): number => studentReach(Number.POSITIVE_INFINITY, 2 * (1 - power));

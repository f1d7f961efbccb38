/** @file Options of the commands that judge as the gate does. */
import { UserError } from '../base/errors.js';

export const toleranceOption = {
  type: 'number',
  default: 1,
  describe: 'Largest allowed worsening of a metric, in percentage points',
} as const;

export const levelOption = {
  type: 'number',
  default: 0.05,
  describe: 'Significance level of the corrected p-value',
} as const;

/**
 * The two as a test takes them: the tolerance as a fraction.
 * @throws UserError for values that are none
 */
export function gateTerms(
  tolerance: number,
  level: number,
): { readonly tolerance: number; readonly level: number } {
  if (tolerance >= 0 && level > 0 && level < 1) return { tolerance: tolerance / 100, level };
  throw new UserError(
    `--tolerance ${tolerance}, --level ${level}: expected a tolerance of 0 or more and a level between 0 and 1`,
  );
}

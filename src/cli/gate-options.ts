/** @file Options of the commands that judge as the gate does. */
import { UserError } from '../base/errors.js';

export const toleranceOption = {
  type: 'number',
  default: 1,
  describe: 'Percentage points that a metric may be worse',
} as const;

export const levelOption = {
  type: 'number',
  default: 0.05,
  describe: 'Below this corrected p-value it is no chance',
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
  throw new UserError(`--tolerance ${tolerance} with --level ${level} is not possible`, {
    hint: 'Give a tolerance from 0 and a level between 0 and 1',
  });
}

/** @file The option that says how much audio may be unusable. */
import { UserError } from '../base/errors.js';

export const maxBadOption = {
  type: 'string',
  default: '0.1%',
  describe: 'Largest allowed share of utterances with unusable audio',
} as const;

/**
 * `0.1%` or `0.001`, from 0 to less than all.
 * @throws UserError for what is no share
 */
export function shareOf(text: string): number {
  const [, number, percent] = /^(\d+\.?\d*|\.\d+)(%?)$/.exec(text) ?? [];
  const share = Number(number) / (percent === '%' ? 100 : 1);
  if (number !== undefined && share < 1) return share;
  throw new UserError(`--max-bad '${text}': expected a percentage, such as 0.1%`);
}

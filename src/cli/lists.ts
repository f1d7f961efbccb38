/** @file Options that hold several values: `--tasks asr,ks`. */
import { UserError } from '../base/errors.js';

/**
 * The values between the commas, or undefined where the option is not given.
 * @throws UserError for an empty or repeated value
 */
export function listOf(text: string | undefined, option: string): readonly string[] | undefined {
  if (text === undefined) return undefined;
  const values = text.split(',').map((value) => value.trim());
  if (values.includes('')) {
    throw new UserError(`--${option} '${text}' has an empty value`, {
      hint: 'Separate the values by single commas',
    });
  }
  const twice = values.find((value, i) => values.indexOf(value) !== i);
  if (twice !== undefined)
    throw new UserError(`--${option}: duplicate value '${twice}'`, { hint: 'Remove one of the two' });
  return values;
}

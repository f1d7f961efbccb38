/** @file Settings of heads as a suite gives them, checked. */
import type { z } from 'zod';
import type { Path, Source } from '../base/source-text.js';
import { checked } from '../base/validation.js';

/** Where a file holds settings. */
export type SettingsSource = Pick<Source, 'file' | 'positionOf'> & { readonly at: Path };

/**
 * Settings with the defaults filled in.
 * @param place whose settings they are: `task 'ks'`
 * @param source the file that they are from
 * @throws UserError with a line for each setting that is wrong
 */
export function parseSettings<T>(
  schema: z.ZodType<T>,
  settings: unknown,
  place: string,
  source?: SettingsSource,
): T {
  return checked(schema, { ...source, value: settings ?? {} }, { place, ...source });
}

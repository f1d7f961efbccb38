/** @file Settings of heads as a suite gives them, checked. */
import type { z } from 'zod';
import { UserError } from '../base/errors.js';

/**
 * Settings with the defaults filled in.
 * @throws UserError naming the setting that is wrong
 */
export function parseSettings<T>(schema: z.ZodType<T>, settings: unknown, place: string): T {
  const parsed = schema.safeParse(settings ?? {});
  if (parsed.success) return parsed.data;
  const complaints = parsed.error.issues.map(
    ({ path, message }) => `${path.join('.') || 'settings'}: ${message}`,
  );
  throw new UserError(`the settings of ${place} are wrong: ${complaints.join('; ')}`, {
    hint: 'Correct or remove them',
  });
}

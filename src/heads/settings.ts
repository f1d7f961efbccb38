/** @file Settings of heads as a suite gives them, checked. */
import type { z } from 'zod';
import { settingNames } from '../base/changed-settings.js';
import { UserError } from '../base/errors.js';
import { mendOfName } from '../base/names.js';

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
    hint: hintOf(schema, parsed.error.issues),
  });
}

function hintOf(schema: z.ZodType, issues: readonly z.core.$ZodIssue[]): string {
  const unknown = issues.find((issue) => issue.code === 'unrecognized_keys');
  const [name] = unknown?.keys ?? [];
  return unknown === undefined || name === undefined
    ? 'Correct or remove them'
    : mendOfName(name, settingNames(schema, unknown.path));
}

/** @file JSON files of checkpoints: small, and a plain object. */
import { stat } from 'node:fs/promises';
import { messageOf, UserError } from '../base/errors.js';
import { readText } from '../base/text.js';

/** Settings and indices are small; a longer file is a mistake. */
const maximumBytes = 64 * 1024 * 1024;

/**
 * The value that a JSON file holds.
 * @param hint what to do where the file is missing
 * @throws UserError for a file that cannot be read, is too long, or is no JSON
 */
export async function readJsonFile(file: string, hint: string): Promise<unknown> {
  const unreadable = (error: unknown): never => {
    throw new UserError(`cannot be read (${messageOf(error)})`, { file, hint, cause: error });
  };
  const { size } = await stat(file).catch(unreadable);
  if (size > maximumBytes)
    throw new UserError(`has ${size} bytes, too many for a settings file`, { file, hint });
  const text = await readText(file, { hint });
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UserError(`invalid JSON (${messageOf(error)})`, { file });
  }
}

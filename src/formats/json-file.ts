/** @file JSON files of checkpoints: small, and a plain object. */
import { stat } from 'node:fs/promises';
import { messageOf, UserError } from '../base/errors.js';
import { jsonSource, type Source } from '../base/source-text.js';
import { readText } from '../base/text.js';

/** Settings and indices are small; a longer file is a mistake. */
const maximumBytes = 64 * 1024 * 1024;

/**
 * What a JSON file holds, with positions.
 * @param hint what to do where the file is missing
 * @throws UserError for a file that cannot be read, is too long, or is not JSON
 */
export async function readJsonSource(file: string, hint: string): Promise<Source> {
  const unreadable = (error: unknown): never => {
    throw new UserError(`cannot be read (${messageOf(error)})`, { file, hint, cause: error });
  };
  const { size } = await stat(file).catch(unreadable);
  if (size > maximumBytes)
    throw new UserError(`has ${size} bytes, too many for a settings file`, { file, hint });
  return jsonSource(await readText(file, { hint }), file);
}

/** The value that a JSON file holds, as `readJsonSource`. */
export async function readJsonFile(file: string, hint: string): Promise<unknown> {
  return (await readJsonSource(file, hint)).value;
}

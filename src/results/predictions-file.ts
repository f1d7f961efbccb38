/** @file Writes predictions as JSON Lines, a row a line. */
import { createHash, type Hash } from 'node:crypto';
import { writeFileAtomic } from '../base/files.js';

/**
 * Writes lines in one step.
 * @returns SHA-256 of the file
 * @throws UserError (exit code 1) when it cannot be written
 */
export async function writePredictions(file: string, lines: Iterable<object>): Promise<string> {
  const hash = createHash('sha256');
  await writeFileAtomic(file, hashedBlocks(lines, hash));
  return hash.digest('hex');
}

/** Lines in blocks, since a write a line would take minutes for a million of them. */
function* hashedBlocks(predictions: Iterable<object>, hash: Hash): Generator<string> {
  let lines: string[] = [];
  for (const line of predictions) {
    lines.push(`${JSON.stringify(line)}\n`);
    if (lines.length < 4096) continue;
    const block = lines.join('');
    lines = [];
    hash.update(block);
    yield block;
  }
  const rest = lines.join('');
  hash.update(rest);
  yield rest;
}

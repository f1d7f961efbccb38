/** @file The pairs that a task of a suite judges: their file, checked and hashed, among the utterances that are used. */
import { type Split, splits, type Task, type TaskData } from '../api/task.js';
import { UserError } from '../base/errors.js';
import type { ManifestHashes } from '../data/manifest.js';
import { hashWithPairs, movedPairs, type ReadPairs, readPairs } from '../data/pairs.js';

/** @throws UserError where the task judges pairs and no file of them is given, or one is and it judges none */
export function checkPairsGiven({ name, pairs }: Task, file: string | undefined): void {
  if (pairs === undefined && file !== undefined) {
    const hint = 'Remove the pairs file';
    throw new UserError(`the task '${name}' does not use pairs`, { file, hint });
  }
  if (pairs === undefined || file !== undefined) return;
  const columns = ['split', pairs.first, pairs.second, ...pairs.columns].join(', ');
  throw new UserError(`the task '${name}' needs a pairs file`, {
    hint: `Pass it with --pairs FILE, or with 'pairs: FILE' in a suite; its columns are ${columns}`,
  });
}

/**
 * What the file of pairs holds for the task; undefined where it judges none.
 * @throws UserError as `checkPairsGiven` and `readPairs`
 */
export async function readTaskPairs(
  task: Task,
  file: string | undefined,
  data: TaskData,
): Promise<ReadPairs | undefined> {
  checkPairsGiven(task, file);
  if (task.pairs === undefined || file === undefined) return undefined;
  return readPairs(
    file,
    task.pairs,
    splits.flatMap((split) => data[split]),
  );
}

/** Other utterances of the same task, with those of its pairs whose utterances are among them. */
export function withPairsOf(data: TaskData, left: TaskData): TaskData {
  if (data.pairs === undefined) return left;
  const moved = (Object.keys(data.pairs) as Split[]).map((split) => [
    split,
    movedPairs(data.pairs?.[split] ?? [], data[split], left[split]),
  ]);
  return { ...left, pairs: Object.fromEntries(moved) };
}

/**
 * The hashes of a manifest together with a file of pairs; those of the same pairs stay.
 * @throws UserError where they are of another file than was planned with
 */
export function hashesWithPairs(
  hashes: ManifestHashes,
  pairs: ReadPairs | undefined,
  file: string | undefined,
): ManifestHashes {
  if (hashes.pairs === pairs?.hash || pairs === undefined) return hashes;
  if (hashes.pairs !== undefined)
    throw new UserError('the pairs file has changed since the run was planned', {
      ...(file !== undefined && { file }),
      hint: 'Start the run again',
    });
  return { ...hashes, rows: hashWithPairs(hashes.rows, pairs.hash), pairs: pairs.hash };
}

/** @file Files of pairs beside the manifests: for tasks that judge pairs of utterances. */
import { join } from 'node:path';
import { stringify } from 'csv-stringify/sync';
import { writeFileAtomic } from '../../base/files.js';

/** Pairs of utterances, a row each: cells by column, `split` and the two ids among them. */
export interface CorpusPairs {
  /** The columns that name the two utterances by their ids. */
  readonly first: string;
  readonly second: string;
  readonly columns: readonly string[];
  /** Given anew each time that it is asked for: millions of rows need not be held. */
  readonly rows: () => Iterable<Readonly<Record<string, string>>>;
}

export interface PreparedPairs {
  readonly name: string;
  readonly file: string;
  /** Number of pairs by split. */
  readonly splits: Readonly<Record<string, number>>;
}

const rowsAtOnce = 4096;

/**
 * Writes files of pairs: those of utterances that are not in the manifests are left out, and counted in a remark.
 * @param ids of all utterances of the manifests
 */
export async function writePairFiles(
  pairs: Readonly<Record<string, CorpusPairs>>,
  out: string,
  ids: ReadonlySet<string>,
  remarks: string[],
): Promise<PreparedPairs[]> {
  const prepared: PreparedPairs[] = [];
  for (const [name, { first, second, columns, rows }] of Object.entries(pairs)) {
    const file = join(out, `${name}.csv`);
    const splits: Record<string, number> = {};
    let left = 0;
    const lines = function* (): Generator<string> {
      yield stringify([columns]);
      let block: string[][] = [];
      for (const row of rows()) {
        if (!ids.has(row[first] ?? '') || !ids.has(row[second] ?? '')) {
          left++;
          continue;
        }
        splits[row.split ?? ''] = (splits[row.split ?? ''] ?? 0) + 1;
        block.push(columns.map((column) => row[column] ?? ''));
        if (block.length < rowsAtOnce) continue;
        yield stringify(block);
        block = [];
      }
      yield stringify(block);
    };
    await writeFileAtomic(file, lines());
    if (left > 0) remarks.push(`${name}: ${left} pairs of missing utterances skipped`);
    prepared.push({ name, file, splits });
  }
  return prepared;
}

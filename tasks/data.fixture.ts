/** @file Utterances of a manifest that is none, for tests of tasks. */
import type { TaskData, Utterance } from '../src/api/index.js';

/** Rows by split, from line 2 of `corpus.csv` on; ids are `u2`, `u3`, ... */
export function dataOf(
  rows: readonly { readonly split: string; readonly columns: Readonly<Record<string, string>> }[],
): TaskData {
  const utterances = rows.map(({ split, columns }, i): Utterance => {
    const line = i + 2;
    return { id: `u${line}`, path: `/audio/u${line}.wav`, split, columns, line, manifest: 'corpus.csv' };
  });
  const of = (split: string): Utterance[] => utterances.filter((utterance) => utterance.split === split);
  return { train: of('train'), dev: of('dev'), test: of('test') };
}

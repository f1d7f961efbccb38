/** @file The folds of ER: each session is tested once, and a part of the others is dev, as s3prl draws it. */
import { type Fold, splits, type TaskData, torchPermutation, type Utterance } from '../../src/api/index.js';

/** The seed of s3prl's draw (downstream/emotion/expert.py). */
const drawSeed = 0;
/** Of what is not tested, this share is train, the rest dev. */
const trainShare = 0.8;

/** All the utterances, by the column `order` where there is one, else as the manifest has them. */
export function ordered(data: TaskData): Utterance[] {
  const all = splits.flatMap((split) => data[split]);
  const known = all.every(({ columns }) => orderOf(columns.order) !== undefined);
  return all.sort((a, b) =>
    known ? (orderOf(a.columns.order) as number) - (orderOf(b.columns.order) as number) : a.line - b.line,
  );
}

/** A place in the order; undefined of a cell that is none. */
export function orderOf(cell: string | undefined): number | undefined {
  return cell !== undefined && /^\d{1,9}$/.test(cell) ? Number(cell) : undefined;
}

/** The sessions, `Session2` before `Session10`. */
export function sessionsOf(utterances: readonly Utterance[]): string[] {
  const names = new Set(utterances.map(({ columns }) => columns.session ?? ''));
  return [...names].sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
}

/**
 * A fold a session: it is test; of the others, sessions ascending and in order within them, the first 80 % of torch's
 * permutation of seed 0 are train, the rest dev. Kept quirk: the speakers of train are those of dev.
 */
export function sessionFolds(data: TaskData): Fold[] {
  const all = ordered(data);
  const sessions = sessionsOf(all);
  const bySession = new Map(
    sessions.map((name) => [name, all.filter(({ columns }) => columns.session === name)]),
  );
  return sessions.map((name) => {
    const others = sessions.flatMap((other) => (other === name ? [] : (bySession.get(other) ?? [])));
    const drawn = torchPermutation(others.length, drawSeed).map((place) => others[place] as Utterance);
    const count = Math.floor(trainShare * drawn.length);
    return {
      name,
      data: { train: drawn.slice(0, count), dev: drawn.slice(count), test: bySession.get(name) ?? [] },
    };
  });
}

/** @file Rows beside the audio they name: how long it is, and whether what the corpus says of it holds. */
import type { CorpusRow } from './corpus.js';
import { type DurationAnswer, readDurations } from './durations.js';

/** Ends behind the file's by no more than this are its end: Kaldi's extract-segments takes as much. */
const mostOvershoot = 0.5;
/** Corpora round what they say of a file. */
const closeSeconds = 0.05;

/**
 * Rows with their durations. Those whose audio is damaged, or does not reach to where they begin or end, are left out
 * and named.
 * @param remarks gets a line about each damaged file, and about each kind of what does not fit
 * @param answers what is known of files, by their paths: those in it are not read, those that are read are added
 */
export async function measured(
  rows: readonly CorpusRow[],
  quiet: boolean,
  remarks: string[],
  answers: Map<string, DurationAnswer> = new Map(),
): Promise<CorpusRow[]> {
  for (const { file, known } of rows) if (known !== undefined) answers.set(file, known);
  const all = [...new Set(rows.map(({ file }) => file))];
  const files = all.filter((file) => !answers.has(file));
  const read = files.length === 0 ? [] : await readDurations(files, { quiet });
  for (const [i, answer] of read.entries()) answers.set(files[i] as string, answer);
  for (const answer of all.map((file) => answers.get(file)))
    if (answer !== undefined && 'failure' in answer) remarks.push(`skipped: ${answer.failure}`);
  const good = rows.flatMap((row) => fitted(row, answers.get(row.file)));
  remarks.push(
    ...kindRemark(good, 'outside', 'skipped: the audio of', 'ends before their start or end'),
    ...kindRemark(good, 'cut', 'the end of', 'is beyond the end of the audio: shortened to the audio'),
    ...kindRemark(
      good,
      'misstated',
      'the file of',
      'has another duration than the corpus states: the duration of the file is used',
    ),
  );
  return good.flatMap(({ row, kinds }) => (kinds.includes('outside') ? [] : row));
}

interface Fitted {
  readonly row: CorpusRow;
  readonly kinds: readonly ('outside' | 'cut' | 'misstated')[];
  /** What was found, for the first one named. */
  readonly found: string;
}

function fitted(row: CorpusRow, answer: DurationAnswer | undefined): Fitted[] {
  if (answer === undefined || 'failure' in answer) return [];
  const { seconds } = answer;
  const { start = 0, duration, stated } = row;
  const found = `${seconds.toFixed(3)} s`;
  const isMisstated = stated !== undefined && Math.abs(stated - seconds) > closeSeconds;
  const misstated = isMisstated ? (['misstated'] as const) : [];
  if (start >= seconds || (duration !== undefined && start + duration > seconds + mostOvershoot))
    return [{ row, kinds: ['outside'], found }];
  const rest = Math.max(1e-4, rounded(seconds - start));
  if (duration === undefined) return [{ row: { ...row, duration: rest }, kinds: misstated, found }];
  if (start + duration <= seconds) return [{ row, kinds: misstated, found }];
  const cut = start + duration > seconds + mostRounding ? (['cut'] as const) : [];
  return [{ row: { ...row, duration: rest }, kinds: [...misstated, ...cut], found }];
}

/** Spans reach this far behind the end without a word: they are rounded, often to 10 ms. */
const mostRounding = 0.02;

const rounded = (seconds: number): number => Math.round(seconds * 1e4) / 1e4;

function kindRemark(
  all: readonly Fitted[],
  kind: Fitted['kinds'][number],
  before: string,
  after: string,
): string[] {
  const those = all.filter(({ kinds }) => kinds.includes(kind));
  const [first] = those;
  if (first === undefined) return [];
  const { id, start = 0, duration, stated, place } = first.row;
  const said = kind === 'misstated' ? `${stated} s` : `start ${start} s, duration ${duration ?? 'unknown'} s`;
  const where = place === undefined ? '' : ` (${place})`;
  const count = those.length === 1 ? '1 utterance' : `${those.length} utterances`;
  return [`${before} ${count} ${after}: for example '${id}'${where}: ${said}, audio of ${first.found}`];
}

/** @file Diarisation error rate (NIST md-eval-22 by way of dscore): no collar, overlapping speech scored, exact times. */
import { bestAssignment } from './assignment.js';
import type { RatioMetric } from './metric-value.js';
import { ratioOfSums } from './shares.js';
import { type Turn, turnsBySpeaker } from './turns.js';

/** Speaker time that is wrong, in seconds: two speakers at once count twice. */
export interface DiarizationErrors {
  readonly missed: number;
  readonly falseAlarm: number;
  /** Said of another speaker. */
  readonly confused: number;
  /** Of the reference: what the errors are divided by. */
  readonly spoken: number;
}

type Spans = readonly Pick<Turn, 'start' | 'end'>[];

/**
 * The errors of one recording. Speakers of the two sides are matched one to one, so that they share as much time as can be.
 */
export function diarizationErrors(reference: readonly Turn[], system: readonly Turn[]): DiarizationErrors {
  const [theirs, ours] = [turnsBySpeaker(reference), turnsBySpeaker(system)];
  const spans = [...theirs.values()].map((first) =>
    [...ours.values()].map((second) => shared(first, second)),
  );
  const matched = bestAssignment(spans);
  const correct = matched.reduce((sum, column, row) => sum + (spans[row]?.[column] ?? 0), 0);
  const bounds = [...theirs.values(), ...ours.values()]
    .flatMap((all) => all.flatMap(({ start, end }) => [start, end]))
    .sort((a, b) => a - b);
  const counts = [countsAt(theirs, bounds), countsAt(ours, bounds)] as const;
  let [missed, falseAlarm, both] = [0, 0, 0];
  for (let i = 1; i < bounds.length; i++) {
    const seconds = (bounds[i] as number) - (bounds[i - 1] as number);
    const [said, heard] = [counts[0][i - 1] as number, counts[1][i - 1] as number];
    missed += seconds * Math.max(0, said - heard);
    falseAlarm += seconds * Math.max(0, heard - said);
    both += seconds * Math.min(said, heard);
  }
  return { missed, falseAlarm, confused: both - correct, spoken: lengthOf(theirs) };
}

/**
 * The diarisation error rate of recordings: all errors over all speaker time of the references.
 * @param recordings reference and system of each
 */
export function diarizationErrorRate(
  recordings: readonly { readonly reference: readonly Turn[]; readonly system: readonly Turn[] }[],
): RatioMetric {
  const shares = recordings.map(({ reference, system }) => {
    const { missed, falseAlarm, confused, spoken } = diarizationErrors(reference, system);
    return { numerator: missed + falseAlarm + confused, denominator: spoken };
  });
  return { value: ratioOfSums(shares), shares };
}

/** How long both speak. */
function shared(first: Spans, second: Spans): number {
  let [i, j, sum] = [0, 0, 0];
  while (i < first.length && j < second.length) {
    const [a, b] = [first[i] as Spans[number], second[j] as Spans[number]];
    sum += Math.max(0, Math.min(a.end, b.end) - Math.max(a.start, b.start));
    if (a.end < b.end) i++;
    else j++;
  }
  return sum;
}

/** How many speak from each of these sorted times to the next. */
function countsAt(speakers: ReadonlyMap<string, Spans>, bounds: readonly number[]): Int32Array {
  const counts = new Int32Array(bounds.length);
  for (const spans of speakers.values()) {
    let at = 0;
    for (const { start, end } of spans) {
      while ((bounds[at] as number) < start) at++;
      for (let i = at; (bounds[i] as number) < end; i++) counts[i] = (counts[i] as number) + 1;
    }
  }
  return counts;
}

function lengthOf(speakers: ReadonlyMap<string, Spans>): number {
  return [...speakers.values()].flat().reduce((sum, { start, end }) => sum + end - start, 0);
}

/** @file Who speaks when: turns of speakers, as a column of text and as what they cover. */
import { UserError } from '../base/errors.js';

/** A span in which a speaker speaks, in seconds. */
export interface Turn {
  readonly speaker: string;
  readonly start: number;
  readonly end: number;
}

/**
 * The turns of a text `speaker start end; speaker start end`, in seconds, with or without a semicolon behind the last one; none
 * of an empty one.
 * @throws UserError for what is no turn
 */
export function parseTurns(text: string): Turn[] {
  if (text.trim() === '') return [];
  return text
    .replace(/;\s*$/, '')
    .split(';')
    .map((written) => {
      const [speaker = '', start, end, ...more] = written.trim().split(/\s+/);
      const turn = { speaker, start: secondsOf(start), end: secondsOf(end) };
      if (more.length === 0 && speaker !== '' && turn.end > turn.start && turn.start >= 0) return turn;
      throw new UserError(`invalid turn '${written.trim()}'`, {
        hint: 'Expected speaker, start and end in seconds: anna 0.5 3.25; ben 2 4',
      });
    });
}

const secondsOf = (text: string | undefined): number =>
  text !== undefined && /^(\d+\.?\d*|\.\d+)(e-?\d+)?$/i.test(text) ? Number(text) : Number.NaN;

/** Turns as `parseTurns` reads them. */
export function formatTurns(turns: readonly Turn[]): string {
  return turns.map(({ speaker, start, end }) => `${speaker} ${start} ${end}`).join('; ');
}

/** Each speaker's turns, in order, those that overlap or touch as one. */
export function turnsBySpeaker(
  turns: readonly Turn[],
): ReadonlyMap<string, readonly Pick<Turn, 'start' | 'end'>[]> {
  const spans = new Map<string, { start: number; end: number }[]>();
  for (const { speaker, start, end } of [...turns].sort((a, b) => a.start - b.start)) {
    const own = spans.get(speaker) ?? [];
    const last = own.at(-1);
    if (last !== undefined && start <= last.end) last.end = Math.max(last.end, end);
    else own.push({ start, end });
    spans.set(speaker, own);
  }
  return spans;
}

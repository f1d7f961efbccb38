/** @file Words with their times as subtitles: SubRip and WebVTT. */
import type { TimedWord } from './transcript.js';

/** Characters of a line, lines of a cue, and its longest stay: what broadcasters ask for. */
const [mostCharacters, mostLines, mostSeconds] = [42, 2, 7];
/** A cue ends where nothing is said for so long. */
const pauseSeconds = 1;

interface Cue {
  readonly words: readonly TimedWord[];
  readonly lines: readonly string[];
}

/** SubRip (`.srt`); nothing where nothing is said. */
export function srtText(words: readonly TimedWord[]): string {
  return cuesOf(words)
    .map((cue, i) => `${i + 1}\n${timesOf(cue, ',')}\n${cue.lines.join('\n')}\n`)
    .join('\n');
}

/** WebVTT (`.vtt`). */
export function vttText(words: readonly TimedWord[]): string {
  return [
    'WEBVTT\n',
    ...cuesOf(words).map((cue) => `${timesOf(cue, '.')}\n${cue.lines.map(escaped).join('\n')}\n`),
  ].join('\n');
}

const escaped = (line: string): string =>
  line.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

function cuesOf(words: readonly TimedWord[]): Cue[] {
  const groups: TimedWord[][] = [];
  for (const word of words) {
    const group = groups.at(-1);
    const [first, last] = [group?.[0], group?.at(-1)];
    const fits =
      group !== undefined &&
      word.start - (last?.end ?? 0) < pauseSeconds &&
      word.end - (first?.start ?? 0) <= mostSeconds &&
      linesOf([...group, word]).length <= mostLines;
    if (fits) group.push(word);
    else groups.push([word]);
  }
  return groups.map((group) => ({ words: group, lines: linesOf(group) }));
}

/** As many words a line as it takes; a longer word has a line of its own. */
function linesOf(words: readonly TimedWord[]): string[] {
  const lines: string[] = [];
  for (const { word } of words) {
    const line = lines.at(-1);
    if (line !== undefined && [...line].length + 1 + [...word].length <= mostCharacters)
      lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines;
}

function timesOf({ words }: Cue, point: string): string {
  const [start, end] = [words[0]?.start ?? 0, words.at(-1)?.end ?? 0];
  return `${clock(start, point)} --> ${clock(end, point)}`;
}

/** `01:02:03,045` */
function clock(seconds: number, point: string): string {
  const whole = Math.round(seconds * 1000);
  const pad = (value: number, digits = 2): string => String(Math.floor(value)).padStart(digits, '0');
  const parts = [whole / 3_600_000, (whole / 60_000) % 60, (whole / 1000) % 60].map((part) => pad(part));
  return `${parts.join(':')}${point}${pad(whole % 1000, 3)}`;
}

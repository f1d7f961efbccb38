/** @file Subtitles of words with their times. */
import { expect, test } from 'vitest';
import { srtText, vttText } from './subtitles.js';
import type { TimedWord } from './transcript.js';

/** Words of a second and a half each, from a second on. */
const said = (words: readonly string[], from = 0): TimedWord[] =>
  words.map((word, i) => ({ word, start: from + i / 2, end: from + i / 2 + 0.45, confidence: 1 }));

test('a cue has its number, its times and its words', () => {
  expect(srtText(said(['so', 'it', 'goes'], 3599.5))).toBe('1\n00:59:59,500 --> 01:00:00,950\nso it goes\n');
  expect(vttText(said(['a<b', '&'], 0.05))).toBe('WEBVTT\n\n00:00:00.050 --> 00:00:01.000\na&lt;b &amp;\n');
  expect(srtText([])).toBe('');
  expect(vttText([])).toBe('WEBVTT\n');
});

test('a cue ends at a pause of a second, after seven seconds, and with its second line', () => {
  expect(srtText([...said(['one', 'two']), ...said(['three'], 2)])).toBe(
    '1\n00:00:00,000 --> 00:00:00,950\none two\n\n2\n00:00:02,000 --> 00:00:02,450\nthree\n',
  );
  // Fourteen words end at 6.95 s, the fifteenth at 7.45 s.
  const many = srtText(said(Array.from({ length: 15 }, (_, i) => `w${i}`)));
  expect(many.split('\n\n').map((cue) => cue.split('\n')[1])).toEqual([
    '00:00:00,000 --> 00:00:06,950',
    '00:00:07,000 --> 00:00:07,450',
  ]);
  // Lines of 42 characters: two words of 20 and a space.
  const long = srtText(said(Array(5).fill('x'.repeat(20))));
  expect(
    long.split('\n\n').map((cue) =>
      cue
        .trim()
        .split('\n')
        .slice(2)
        .map((line) => line.length),
    ),
  ).toEqual([[41, 41], [20]]);
});

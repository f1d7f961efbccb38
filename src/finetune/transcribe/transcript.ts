/** @file What was said and when: words and tokens with their times, from the runs of a CTC path. */
import { sampleRateHz } from '../../audio/index.js';
import { textOfTokens } from '../../lm/alphabet.js';
import type { DecodedWord } from '../../lm/beam-search.js';
import type { Run } from '../../lm/greedy.js';
import type { OpenRecogniser } from './recogniser.js';

/** When something was said, in seconds from the start of the recording. */
interface Timed {
  readonly start: number;
  readonly end: number;
  /** The geometric mean over its frames of the probability that the recogniser gives it, in [0, 1]. */
  readonly confidence: number;
}

export interface TimedWord extends Timed {
  readonly word: string;
}

export interface TimedToken extends Timed {
  readonly token: string;
}

export interface Transcript {
  readonly text: string;
  /** Of all words; null where nothing was said. */
  readonly confidence: number | null;
  /** How long the recording is, in seconds. */
  readonly duration: number;
  readonly words: readonly TimedWord[];
  /** Without blanks and boundaries. */
  readonly tokens: readonly TimedToken[];
}

/**
 * The words of a greedy path. A token begins with its run's first frame and ends behind its last one, as in the offsets of
 * transformers; a word with its first and last token.
 * @param runs of the path, blanks among them
 */
export function greedyWords(
  { alphabet }: Pick<OpenRecogniser, 'alphabet'>,
  runs: readonly Run[],
): DecodedWord[] {
  const { tokens, boundary, special } = alphabet;
  const groups: Run[][] = [[]];
  for (const run of runs) {
    if (tokens[run.token] === boundary) groups.push([]);
    else if (!special.includes(run.token)) groups.at(-1)?.push(run);
  }
  return groups.flatMap((group) => {
    const word = textOfTokens(
      alphabet,
      group.map(({ token }) => token),
    );
    return word === '' ? [] : [{ word, runs: group }];
  });
}

/** Words with their times. */
export function transcriptOf(
  { alphabet, hopSamples }: Pick<OpenRecogniser, 'alphabet' | 'hopSamples'>,
  words: readonly DecodedWord[],
  seconds: number,
): Transcript {
  const runs = words.flatMap((word) => word.runs);
  const timed = (some: readonly Run[]): Timed => timesOf(some, hopSamples / sampleRateHz);
  return {
    text: words.map(({ word }) => word).join(' '),
    confidence: runs.length === 0 ? null : timed(runs).confidence,
    duration: rounded(seconds, 3),
    words: words.map(({ word, runs: own }) => ({ word, ...timed(own) })),
    tokens: runs.map((run) => ({ token: alphabet.tokens[run.token] as string, ...timed([run]) })),
  };
}

function timesOf(runs: readonly Run[], frameSeconds: number): Timed {
  const sum = (of: (run: Run) => number): number => runs.reduce((total, run) => total + of(run), 0);
  const frames = sum(({ start, end }) => end - start);
  return {
    start: rounded((runs[0]?.start ?? 0) * frameSeconds, 3),
    end: rounded((runs.at(-1)?.end ?? 0) * frameSeconds, 3),
    confidence: rounded(Math.exp(sum(({ logProbability }) => logProbability) / Math.max(1, frames)), 4),
  };
}

const rounded = (value: number, digits: number): number => Number(value.toFixed(digits));

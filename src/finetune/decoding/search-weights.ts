/** @file Weights of a language model, searched on dev: a coarse grid, then smaller and smaller steps around the best. */
import type { DecodingWeights } from '../../results/finetuning-file.js';
import { usualWeights } from './settings.js';

/** Weights, and the word error rate that dev has with them. */
export interface TriedWeights {
  readonly weights: DecodingWeights;
  readonly wer: number;
}

export interface FoundWeights {
  readonly weights: DecodingWeights;
  /** All that were tried, in their order. */
  readonly tried: readonly TriedWeights[];
}

/** The word error rates of dev with each of these weights, in their order. */
export type Evaluate = (weights: readonly DecodingWeights[]) => Promise<readonly number[]>;

/** The grid; weights that were published for wav2vec 2.0, HuBERT and data2vec lie within a step or two of it. */
const coarse = { lm: [1, 2, 3.5, 5], word: [-2, -1, 0, 2] };

/** The first steps from the best of the grid, and the share of them that the last ones are. */
const steps: DecodingWeights = { lm: 1, word: 1, silence: 2 };
const leastShare = 1 / 4;
const mostRounds = 8;

/**
 * The weights with the fewest errors; of equal ones those that were tried first, fairseq's before all others. A grid over the
 * weights of model and words, then steps in each of the three directions from the best, halved where none is better
 * (16 + 8 * 6 weights at most).
 * @param evaluate called once a round, with weights that were not tried before
 */
export async function searchWeights(evaluate: Evaluate): Promise<FoundWeights> {
  const tried: TriedWeights[] = [];
  const isNew = (weights: DecodingWeights): boolean => !tried.some((each) => isSame(each.weights, weights));
  const tryAll = async (all: readonly DecodingWeights[]): Promise<void> => {
    const untried = all.filter((each, i) => isNew(each) && all.findIndex((one) => isSame(one, each)) === i);
    if (untried.length === 0) return;
    const rates = await evaluate(untried);
    for (const [i, weights] of untried.entries()) tried.push({ weights, wer: rates[i] as number });
  };
  const grid = coarse.lm.flatMap((lm) => coarse.word.map((word) => ({ lm, word, silence: 0 })));
  await tryAll([usualWeights, ...grid]);
  let share = 1;
  for (let round = 0; round < mostRounds && share >= leastShare; round++) {
    const before = best(tried);
    await tryAll(neighbours(before, share));
    if (best(tried) === before) share /= 2;
  }
  return { weights: best(tried), tried };
}

/** A step to either side in each direction; a model never counts less than nothing. */
function neighbours(weights: DecodingWeights, share: number): DecodingWeights[] {
  return (['lm', 'word', 'silence'] as const).flatMap((name) =>
    [-share, share].flatMap((sign) => {
      const moved = { ...weights, [name]: weights[name] + sign * steps[name] };
      return moved.lm < 0 ? [] : [moved];
    }),
  );
}

function best(tried: readonly TriedWeights[]): DecodingWeights {
  return tried.reduce((a, b) => (b.wer < a.wer ? b : a)).weights;
}

const isSame = (a: DecodingWeights, b: DecodingWeights): boolean =>
  a.lm === b.lm && a.word === b.word && a.silence === b.silence;

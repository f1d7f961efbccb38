/** @file How often 95 % intervals hold the truth, over simulated test sets whose truth is known. */

import { type RandomStream, randomStream } from '../../src/base/random.js';
import {
  bootstrapInterval,
  diarizationErrorRate,
  equalErrorRateStatistic,
  falseAlarmWeight,
  type GroupedTrial,
  macroF1Statistic,
  mixedDifference,
  mixedInterval,
  type QueryTrial,
  type Share,
  type StatisticMetric,
  sumByCluster,
  type Turn,
  termWeightedStatistic,
} from '../../src/metrics/index.js';
import { twoSidedNormal } from '../../src/metrics/quantile.js';

import { answersOfFolds, foldsTruth, slotEdits, slotF1s, slotF1Truth } from './slots-and-folds.js';

export interface Coverage {
  readonly what: string;
  /** Share of the test sets whose interval held the truth. */
  readonly held: number;
}

export interface CoverageOptions {
  readonly testSets: number;
  readonly resamples: number;
  readonly seed: number;
}

type Interval = readonly [low: number, high: number];

/** The intervals of the project, each on data of the kind that it is for. */
export function simulateCoverage(options: CoverageOptions): Coverage[] {
  const { resamples } = options;
  return [
    held('accuracy 0.8 of 300 utterances', 0.8, options, (random, seed) =>
      bootstrapInterval(rightAnswers(random, 300, 0.8), { seed, resamples }),
    ),
    held('word error rate 0.2 of 200 utterances of 5 to 24 words', 0.2, options, (random, seed) =>
      bootstrapInterval(wordErrors(random, 200), { seed, resamples }),
    ),
    held('accuracy of 80 speakers unlike each other, over speakers', 0.75, options, (random, seed) => {
      const { shares, speakers } = answersOfSpeakers(random, 80);
      return bootstrapInterval(sumByCluster(shares, speakers), { seed, resamples });
    }),
    held('the same, over utterances (too narrow: speakers are what varies)', 0.75, options, (random, seed) =>
      bootstrapInterval(answersOfSpeakers(random, 80).shares, { seed, resamples }),
    ),
    // Scores of unit variance around 1 and -1: at the threshold 0 both error rates are that of a normal below -1.
    held('equal error rate 0.159 of 600 trials, over trials', 0.158655, options, (random, seed) =>
      bootstrapInterval(equalErrorRateStatistic(trialsOf(random, 600, 1, 0)), { seed, resamples }),
    ),
    // A deviation of 0.6 a speaker: that of a normal below -1 / sqrt(1.36).
    held(
      'equal error rate 0.196 of 80 speakers unlike each other, over speakers',
      0.195586,
      options,
      (random, seed) =>
        bootstrapInterval(equalErrorRateStatistic(trialsOf(random, 80, 10, 0.6)), { seed, resamples }),
    ),
    // Both speakers of a trial shift its score: deviations of 0.8 for those of one speaker, of sqrt(0.32) for others.
    held(
      'equal error rate 0.205 of 1,200 trials of 40 speakers, over the two of each',
      0.205197,
      options,
      (random, seed) =>
        bootstrapInterval(equalErrorRateStatistic(trialsOfTwo(random, 40, 15)), { seed, resamples }),
    ),
    held('the same of 400 trials of 100 speakers: a thin list', 0.205197, options, (random, seed) =>
      bootstrapInterval(equalErrorRateStatistic(trialsOfTwo(random, 100, 2)), { seed, resamples }),
    ),
    held('diarisation error rate 0.2 of 150 recordings', 0.2, options, (random, seed) =>
      bootstrapInterval(diarizationErrorRate(recordingsOf(random, 150)).shares, { seed, resamples }),
    ),
    held('macro F1 of 4 classes, 400 utterances', macroF1OfClasses(), options, (random, seed) =>
      bootstrapInterval(classesOf(random, 400), { seed, resamples }),
    ),
    held('maximum term-weighted value of 80 queries, over queries', searchValue(), options, (random, seed) =>
      bootstrapInterval(searchesOf(random, 80), { seed, resamples }),
    ),
    held("F1 of slots' names, the mean of 300 utterances", slotF1Truth(), options, (random, seed) =>
      bootstrapInterval(slotF1s(random, 300), { seed, resamples }),
    ),
    held("character error rate 0.3 of slots' values, 300 utterances", 0.3, options, (random, seed) =>
      bootstrapInterval(slotEdits(random, 300), { seed, resamples }),
    ),
    held('mean accuracy 0.65 of five folds of 40 to 90 utterances', foldsTruth, options, (random, seed) =>
      bootstrapInterval(answersOfFolds(random), { seed, resamples }),
    ),
    held('mean of 3 seeds that vary, one test set: the mixed interval', 0.8, options, (random) =>
      severalSeeds(random, 3),
    ),
    held('difference of 3 seeds each that vary, one test set: the mixed interval', 0.05, options, (random) =>
      differenceOfSeeds(random, 3, 3),
    ),
    held('difference of 1 seed and 5: the mixed interval', 0.05, options, (random) =>
      differenceOfSeeds(random, 1, 5),
    ),
  ];
}

function held(
  what: string,
  truth: number,
  { testSets, seed }: CoverageOptions,
  draw: (random: RandomStream, seed: number) => Interval,
): Coverage {
  let count = 0;
  for (let i = 0; i < testSets; i++) {
    const [low, high] = draw(randomStream(seed, what, i), seed + i);
    if (low <= truth && truth <= high) count++;
  }
  return { what, held: count / testSets };
}

function rightAnswers(random: RandomStream, utterances: number, chance: number): Share[] {
  return Array.from({ length: utterances }, () => ({
    numerator: random.uniform() < chance ? 1 : 0,
    denominator: 1,
  }));
}

/** Utterances differ in how hard they are: chances of 0.1 and 0.3, which length does not depend on. */
function wordErrors(random: RandomStream, utterances: number): Share[] {
  return Array.from({ length: utterances }, () => {
    const words = 5 + random.integer(20);
    const chance = random.uniform() < 0.5 ? 0.1 : 0.3;
    const errors = Array.from({ length: words }, () => (random.uniform() < chance ? 1 : 0));
    return { numerator: errors.reduce<number>((sum, error) => sum + error, 0), denominator: words };
  });
}

/** Ten utterances a speaker; a speaker is understood with a chance of 0.5 to 1. */
function answersOfSpeakers(random: RandomStream, count: number): { shares: Share[]; speakers: string[] } {
  const shares: Share[] = [];
  const speakers: string[] = [];
  for (let speaker = 0; speaker < count; speaker++) {
    const chance = 0.5 + 0.5 * random.uniform();
    shares.push(...rightAnswers(random, 10, chance));
    for (let i = 0; i < 10; i++) speakers.push(String(speaker));
  }
  return { shares, speakers };
}

/** The test set moves all seeds alike (standard error 0.02); each seed has its own luck (deviation 0.02). */
function severalSeeds(random: RandomStream, seeds: number): Interval {
  const ofTestSet = 0.02 * random.normal();
  return mixedInterval(
    Array.from({ length: seeds }, () => {
      const value = 0.8 + ofTestSet + 0.02 * random.normal();
      return { value, interval: [value - 1.96 * 0.02, value + 1.96 * 0.02] as const };
    }),
  );
}

/** Both systems meet one test set, which moves their difference (standard error 0.01); seeds deviate by 0.02. */
function differenceOfSeeds(random: RandomStream, first: number, second: number): Interval {
  const ofTestSet = 0.01 * random.normal();
  const values = (mean: number, seeds: number): number[] =>
    Array.from({ length: seeds }, () => mean + 0.02 * random.normal());
  const [before, after] = [values(0.8, first), values(0.85 + ofTestSet, second)];
  const mean = (list: readonly number[]): number => list.reduce((sum, one) => sum + one, 0) / list.length;
  const difference = mean(after) - mean(before);
  const interval = [difference - 1.96 * 0.01, difference + 1.96 * 0.01] as const;
  return mixedDifference({ difference, interval, pValue: 1, standardError: 0.01 }, before, after).interval;
}

/** Trials of speakers whose scores all lie a little higher or lower; each one is drawn with its speaker. */
function trialsOf(random: RandomStream, speakers: number, each: number, deviation: number): GroupedTrial[] {
  return Array.from({ length: speakers }, (_, speaker) => {
    const own = deviation * random.normal();
    return Array.from({ length: each }, () => {
      const same = random.uniform() < 0.5;
      return { same, score: (same ? 1 : -1) + own + random.normal(), unit: String(speaker) };
    });
  }).flat();
}

/**
 * So many trials of each speaker's own, and as many with others (VoxCeleb1 has 943 a speaker). How well speakers are known
 * and how often they are taken for others are two things (Doddington et al. 1998).
 */
function trialsOfTwo(random: RandomStream, speakers: number, ofEach: number): GroupedTrial[] {
  const shifts = () => Array.from({ length: speakers }, () => 0.4 * random.normal());
  const [known, confused] = [shifts(), shifts()];
  return known.flatMap((shift, speaker) =>
    Array.from({ length: 2 * ofEach }, (_, i) => {
      const same = i < ofEach;
      const other = same ? speaker : (speaker + 1 + random.integer(speakers - 1)) % speakers;
      const moved = same ? 2 * shift : (confused[speaker] as number) + (confused[other] as number);
      const score = (same ? 1 : -1) + moved + random.normal();
      return { same, score, unit: String(speaker), otherUnit: String(other) };
    }),
  );
}

/** Recordings of 5 to 15 s, of which a tenth or three tenths are missed. */
function recordingsOf(random: RandomStream, count: number): { reference: Turn[]; system: Turn[] }[] {
  return Array.from({ length: count }, () => {
    const end = 5 + 10 * random.uniform();
    const missed = end * (random.uniform() < 0.5 ? 0.1 : 0.3);
    return {
      reference: [{ speaker: 'a', start: 0, end }],
      system: [{ speaker: '1', start: missed, end }],
    };
  });
}

const classShares = [0.4, 0.3, 0.2, 0.1];
const chanceRight = 0.7;

/** Each class is recognised with a chance of 0.7, else taken for one of the others. */
function classesOf(random: RandomStream, utterances: number): StatisticMetric {
  const references = Array.from({ length: utterances }, () => {
    const at = random.uniform();
    return at < 0.4 ? 0 : at < 0.7 ? 1 : at < 0.9 ? 2 : 3;
  });
  const predictions = references.map((reference) =>
    random.uniform() < chanceRight ? reference : (reference + 1 + random.integer(3)) % 4,
  );
  return macroF1Statistic(
    predictions.map(String),
    references.map(String),
    references.map((_, i) => `u${i}`),
  );
}

/** F1 of a class: twice the share that is it and recognised, over the shares that are it and that are taken for it. */
function macroF1OfClasses(): number {
  const scores = classShares.map((share) => {
    const taken = chanceRight * share + ((1 - chanceRight) / 3) * (1 - share);
    return (2 * chanceRight * share) / (share + taken);
  });
  return scores.reduce((sum, score) => sum + score, 0) / scores.length;
}

const occurrencesOfQuery = 3;
const othersOfQuery = 150;

/** Queries whose occurrences score 3 higher than other documents, each query by a little more or less. */
function searchesOf(random: RandomStream, queries: number): StatisticMetric {
  const trials: QueryTrial[] = [];
  for (let q = 0; q < queries; q++) {
    const shift = 3 + queryDeviation * random.normal();
    for (let i = 0; i < occurrencesOfQuery + othersOfQuery; i++) {
      const occurs = i < occurrencesOfQuery;
      trials.push({ query: `q${q}`, score: (occurs ? shift : 0) + random.normal(), occurs });
    }
  }
  return termWeightedStatistic(trials);
}

const queryDeviation = 0.7;

/** The highest value over thresholds of the share that is found less 12.49 times that of false alarms. */
function searchValue(): number {
  const above = (z: number): number => (z < 0 ? 1 - twoSidedNormal(z) / 2 : twoSidedNormal(z) / 2);
  const thresholds = Array.from({ length: 4001 }, (_, i) => i / 1000);
  return Math.max(
    ...thresholds.map(
      (threshold) =>
        above((threshold - 3) / Math.sqrt(1 + queryDeviation ** 2)) - falseAlarmWeight * above(threshold),
    ),
  );
}

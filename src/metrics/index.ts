/** @file The public face of the metrics. */

export { type Accuracy, accuracy } from './accuracy.js';
export { type Alignment, type AlignmentStep, alignUnits, type EditCounts, editsOf } from './alignment.js';
export { bootstrapInterval } from './bootstrap.js';
export { sumByCluster } from './clusters.js';
export { type Confusion, confusionMatrix, macroF1, macroF1Statistic } from './confusion.js';
export { type DiarizationErrors, diarizationErrorRate, diarizationErrors } from './diarization.js';
export type { BootstrapOptions } from './draws.js';
export {
  equalErrorRate,
  equalErrorRateStatistic,
  type GroupedTrial,
  type Trial,
} from './equal-error-rate.js';
export { type ErrorRate, errorRate, type TextPair, type TextUnit, unitsOf } from './error-rate.js';
export { holm } from './holm.js';
export { type MatchedPairs, matchedPairs, type PlacedErrors, placedErrors } from './matched-pairs.js';
export { meanOfGroupsStatistic } from './mean-of-groups.js';
export { isStatistic, type MetricValue, type RatioMetric, type StatisticMetric } from './metric-value.js';
export { mixedDifference, mixedInterval, type SeedResult } from './mixed.js';
export { type PairedDifference, pairedBootstrap } from './paired.js';
export { type DetectableOptions, detectableDifference, familyFactor } from './power.js';
export { rankCorrelation } from './rank-correlation.js';
export { overSeeds, type SeedSummary } from './seeds.js';
export { ratioOfSums, type Share } from './shares.js';
export { meanStatistic, timesDrawn, withUnitsInOrder } from './statistic.js';
export {
  falseAlarmWeight,
  type QueryCounts,
  type QueryTrial,
  type QueryTruth,
  termWeightedStatistic,
} from './term-weighted-value.js';
export { formatTurns, parseTurns, type Turn, turnsBySpeaker } from './turns.js';

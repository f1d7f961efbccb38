/** @file The public face of the metrics. */

export { type Accuracy, accuracy } from './accuracy.js';
export { type Alignment, type AlignmentStep, alignUnits, type EditCounts, editsOf } from './alignment.js';
export { type BootstrapOptions, bootstrapInterval } from './bootstrap.js';
export { sumByCluster } from './clusters.js';
export { type Confusion, confusionMatrix, macroF1 } from './confusion.js';
export { equalErrorRate, type Trial } from './equal-error-rate.js';
export { type ErrorRate, errorRate, type TextPair, type TextUnit, unitsOf } from './error-rate.js';
export { holm } from './holm.js';
export { type MatchedPairs, matchedPairs, type PlacedErrors, placedErrors } from './matched-pairs.js';
export { mixedDifference, mixedInterval, type SeedResult } from './mixed.js';
export { type PairedDifference, pairedBootstrap } from './paired.js';
export { rankCorrelation } from './rank-correlation.js';
export { overSeeds, type SeedSummary } from './seeds.js';
export { ratioOfSums, type Share } from './shares.js';

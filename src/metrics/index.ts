/** @file The public face of the metrics. */
export { type Accuracy, accuracy } from './accuracy.js';
export { type Alignment, type AlignmentStep, alignWords, type EditCounts, editsOf } from './alignment.js';
export { type BootstrapOptions, bootstrapInterval } from './bootstrap.js';
export { closestName, mendOfName } from './closest-name.js';
export { type ErrorRate, errorRate, type TextPair, type TextUnit, unitsOf } from './error-rate.js';
export { rankCorrelation } from './rank-correlation.js';
export { ratioOfSums, type Share } from './shares.js';

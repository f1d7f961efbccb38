/** @file The public face of results: records, their files, comparisons and their formats. */

export { runtimeVersions, type Versions } from '../base/versions.js';
export { type CompareOptions, type Comparison, compareRecords } from './compare.js';
export { type ComparisonFormat, comparisonFormats, formatComparison } from './formats.js';
export {
  type NewRecord,
  type PredictionLine,
  type RecordMetric,
  type ResultRecord,
  recordSchemaVersion,
  type StoredRecord,
} from './record.js';
export { readRecord, readRecords, recordFolder, writeRecord } from './store.js';

/** @file What records, layers and evaluations say alike: which encoder it was, and what computed. */
import { runtimeVersions } from '../base/versions.js';
import { recordedPath } from './places.js';
import type { ResultRecord } from './record.js';

/** The entry `encoder`, of an encoder. */
export const encoderEntry = ({
  name,
  spec,
  hash,
  family,
}: ResultRecord['encoder']): ResultRecord['encoder'] => ({
  name,
  spec: recordedPath(spec),
  hash,
  family,
});

/** The entry `engine`, of an engine. */
export const engineEntry = ({
  name,
  provider,
  precision,
}: Readonly<{ name: string; provider: string; precision: string }>): ResultRecord['engine'] => ({
  name,
  provider,
  ...(precision === 'tf32' && { precision }),
  versions: { ...runtimeVersions() },
});

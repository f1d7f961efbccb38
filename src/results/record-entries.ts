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

/** What of an engine a record says. */
type RecordedEngine = Readonly<{
  name: string;
  provider: string;
  precision: string;
  deterministic?: boolean;
  tensorflow?: string;
}>;

/** The versions that the results of an engine depend on. */
export const versionsOf = ({
  tensorflow,
}: Pick<RecordedEngine, 'tensorflow'>): ResultRecord['engine']['versions'] => ({
  ...runtimeVersions(),
  ...(tensorflow !== undefined && { tensorflow }),
});

/** The entry `engine`, of an engine. */
export const engineEntry = (engine: RecordedEngine): ResultRecord['engine'] => ({
  name: engine.name,
  provider: engine.provider,
  ...(engine.precision === 'tf32' && { precision: engine.precision }),
  ...(engine.deterministic && { deterministic: true as const }),
  versions: versionsOf(engine),
});

/** @file What records, layers and evaluations say alike: which encoder it was, and what computed. */
import { runtimeVersions } from '../base/versions.js';
import type { Encoder } from '../encoders/encoder.js';
import type { Engine } from '../engine/engine.js';
import { recordedPath } from '../results/places.js';

/** The entry `encoder`. */
export const encoderEntry = ({ name, spec, hash, family }: Encoder) => ({
  name,
  spec: recordedPath(spec),
  hash,
  family,
});

/** The entry `engine`. */
export const engineEntry = ({ name, provider }: Engine) => ({
  name,
  provider,
  versions: { ...runtimeVersions() },
});

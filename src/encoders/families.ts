/** @file The encoder families there are. */
import type { ZodType } from 'zod';
import type { HostParameters } from '../engine/tree.js';
import { ehmamFamily } from './ehmamFamily.js';
import type { Encoder, EncoderFamily } from './encoder.js';
import { fbankFamily } from './fbank.js';

/** A family whose configuration has been checked: everything an `Encoder` is, but its name and weights. */
export interface ConfiguredFamily {
  readonly config: unknown;
  readonly start: (seed: number) => HostParameters;
  readonly encoder: Pick<
    Encoder,
    'family' | 'config' | 'dims' | 'normalizesWaveform' | 'minimumSamples' | 'hopSamples' | 'forward'
  >;
}

interface RegisteredFamily {
  readonly name: string;
  readonly schema: ZodType<unknown>;
  readonly configure: (config: unknown) => ConfiguredFamily;
}

function register<Config>(family: EncoderFamily<Config>): RegisteredFamily {
  return {
    name: family.name,
    schema: family.schema,
    configure: (unchecked) => {
      const config = family.schema.parse(unchecked);
      return {
        config,
        start: (seed) => family.parameters(config, seed),
        encoder: {
          family: family.name,
          config,
          dims: family.dims(config),
          normalizesWaveform: family.normalizesWaveform(config),
          minimumSamples: family.minimumSamples(config),
          hopSamples: family.hopSamples(config),
          forward: (parameters, waveform) => family.forward(config, parameters, waveform),
        },
      };
    },
  };
}

/** Families by name. */
export const families: ReadonlyMap<string, RegisteredFamily> = new Map(
  [register(ehmamFamily), register(fbankFamily)].map((family) => [family.name, family]),
);

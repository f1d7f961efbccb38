/** @file A family with a configuration that has been checked: everything an encoder is, but its name and weights. */
import type { EncoderFamily } from '../api/encoder-family.js';
import { UserError } from '../base/errors.js';
import { checked } from '../base/validation.js';
import type { Encoder } from './encoder.js';
import type { Specs } from './parameter-specs.js';
import { encoderFamilies } from './registry.js';

export interface ConfiguredFamily {
  readonly config: unknown;
  /** What an encoder's hash is taken over beside its weights: the configuration but for what only training looks at. */
  readonly hashed: unknown;
  /** Every parameter of an encoder of this configuration. */
  readonly specs: Specs;
  readonly encoder: Pick<
    Encoder,
    | 'family'
    | 'config'
    | 'dims'
    | 'normalizesWaveform'
    | 'waveformEpsilon'
    | 'minimumSamples'
    | 'hopSamples'
    | 'forward'
  >;
}

/**
 * The family that a configuration names, with the configuration checked. Another configuration of an encoder (other
 * rates of dropout) is made so as well.
 * @param file where the configuration stands
 * @throws UserError for an unknown family, listing those there are, and for a wrong setting
 */
export function configure(config: unknown, file: string): ConfiguredFamily {
  const family = familyOf(config, file);
  return configured(family, checked(family.schema, { value: config, file }));
}

function familyOf(config: unknown, file: string): EncoderFamily {
  const name = String((config as { family?: unknown } | null)?.family);
  if (encoderFamilies.has(name)) return encoderFamilies.find(name);
  const names = encoderFamilies.all().map((family) => family.name);
  throw new UserError(`unknown encoder family '${name}'`, {
    file,
    hint: `Expected one of: ${names.join(', ')} (--plugin MODULE loads others)`,
  });
}

function configured(family: EncoderFamily, config: unknown): ConfiguredFamily {
  const dims = family.dims(config);
  const { waveformEpsilon } = family;
  if (dims.length === 0 || dims.some((dim) => dim !== dims[0])) {
    throw new UserError(
      `the encoder family '${family.name}' has hidden states of different widths [${dims.join(', ')}]`,
      { hint: 'Fix `dims` of the family: all widths must be equal' },
    );
  }
  return {
    config,
    hashed: withoutTraining(family, config),
    specs: family.parameters(config),
    encoder: {
      family: family.name,
      config,
      dims,
      normalizesWaveform: family.normalizesWaveform(config),
      ...(waveformEpsilon !== undefined && {
        waveformEpsilon: typeof waveformEpsilon === 'number' ? waveformEpsilon : waveformEpsilon(config),
      }),
      minimumSamples: family.minimumSamples(config),
      hopSamples: family.hopSamples(config),
      forward: (parameters, input) => family.forward(config, parameters, input),
    },
  };
}

function withoutTraining({ trainingSettings = [] }: EncoderFamily, config: unknown): unknown {
  if (trainingSettings.length === 0) return config;
  return Object.fromEntries(
    Object.entries(config as object).filter(([name]) => !trainingSettings.includes(name)),
  );
}

/** @file The encoder families there are. */
import type { ZodType } from 'zod';
import type { EncoderFamily } from '../api/encoder-family.js';
import type { Encoder } from './encoder.js';
import { data2vecAudioFamily } from './families/data2vec-audio.js';
import { ehmamFamily } from './families/ehmam-family.js';
import { fbankFamily } from './families/fbank.js';
import { hubertFamily } from './families/hubert.js';
import { wav2vec2Family } from './families/wav2vec2.js';
import { wavlmFamily } from './families/wavlm.js';
import type { HubFamily } from './huggingface/hub.js';
import type { Specs } from './parameter-specs.js';

/** A family whose configuration has been checked: everything an `Encoder` is, but its name and weights. */
export interface ConfiguredFamily {
  readonly config: unknown;
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
        specs: family.parameters(config),
        encoder: {
          family: family.name,
          config,
          dims: family.dims(config),
          normalizesWaveform: family.normalizesWaveform(config),
          ...(family.waveformEpsilon !== undefined && { waveformEpsilon: family.waveformEpsilon }),
          minimumSamples: family.minimumSamples(config),
          hopSamples: family.hopSamples(config),
          forward: (parameters, waveform) => family.forward(config, parameters, waveform),
        },
      };
    },
  };
}

/** A family of the hub, without the type of its configuration. */
export interface RegisteredHubFamily extends Pick<HubFamily<unknown>, 'prefix' | 'fromHub'> {
  readonly name: string;
}

const fromHub = [wav2vec2Family, hubertFamily, wavlmFamily, data2vecAudioFamily] as const;

/** Families by name. */
export const families: ReadonlyMap<string, RegisteredFamily> = new Map(
  [
    register(ehmamFamily),
    register(fbankFamily),
    register(wav2vec2Family),
    register(hubertFamily),
    register(wavlmFamily),
    register(data2vecAudioFamily),
  ].map((family) => [family.name, family]),
);

/** Families that checkpoints of the Hugging Face hub name as their `model_type`. */
export const hubFamilies: ReadonlyMap<string, RegisteredHubFamily> = new Map(
  fromHub.map((family) => [family.name, family]),
);

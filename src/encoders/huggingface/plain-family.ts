/** @file wav2vec 2.0's network under the names of several families of transformers, which differ in their training alone. */
import { z } from 'zod';
import type { EncoderFamily, HubSource } from '../../api/encoder-family.js';
import { fewestSamples, hopOf, type SpeechConfig, speechSchema } from './config.js';
import { speechStates } from './forward.js';
import { frontendSpecs } from './frontend.js';
import { type HubSettings, hubSettings, sharedSettings, speechFamily } from './hub.js';
import { convPosition, positionSpecs } from './position.js';
import { transformerSpecs } from './transformer.js';
import { writtenSettings } from './written-settings.js';

export type PlainConfig = SpeechConfig & { readonly family: string };

/**
 * A family that is wav2vec 2.0 in all but its name.
 * @param name the `model_type` of transformers
 * @param prefix see `HubSource`
 * @param classes what the names of its classes in transformers begin with
 */
export function plainFamily(name: string, prefix: string, classes: string): EncoderFamily<PlainConfig> {
  const hub: HubSource<HubSettings, unknown, PlainConfig> = {
    prefix,
    settings: z.object(hubSettings),
    configuration: (settings, normalizeWaveform) => ({
      family: name,
      ...sharedSettings(settings, normalizeWaveform),
    }),
    recogniser: `${classes}ForCTC`,
    written: { model: `${classes}Model`, settings: writtenSettings },
  };
  return {
    ...speechFamily,
    name,
    hub,
    schema: speechSchema<PlainConfig>({ family: z.literal(name) }),
    parameters: (config) => ({
      ...frontendSpecs(config),
      ...positionSpecs(config),
      ...transformerSpecs(config),
    }),
    forward: (config, parameters, input) =>
      speechStates(config, parameters, input, {
        position: (x, own) => convPosition(config, parameters, x, own),
      }),
    minimumSamples: fewestSamples,
    hopSamples: hopOf,
  };
}

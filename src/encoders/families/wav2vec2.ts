/** @file wav2vec 2.0 (Baevski et al., 2020), as Wav2Vec2Model of transformers: group or layer norms, base or large. */
import { z } from 'zod';
import type { EncoderFamily, HubSource } from '../../api/encoder-family.js';
import { fewestSamples, hopOf, type SpeechConfig, speechSchema } from '../huggingface/config.js';
import { speechStates } from '../huggingface/forward.js';
import { frontendSpecs } from '../huggingface/frontend.js';
import { type HubSettings, hubSettings, sharedSettings, speechFamily } from '../huggingface/hub.js';
import { convPosition, positionSpecs } from '../huggingface/position.js';
import { transformerSpecs } from '../huggingface/transformer.js';

type Wav2vec2Config = SpeechConfig & { readonly family: 'wav2vec2' };

const hub: HubSource<HubSettings> = {
  prefix: 'wav2vec2.',
  settings: z.object(hubSettings),
  configuration: (settings, normalizeWaveform) => ({
    family: 'wav2vec2',
    ...sharedSettings(settings, normalizeWaveform),
  }),
};

export const wav2vec2Family: EncoderFamily<Wav2vec2Config> = {
  ...speechFamily,
  name: 'wav2vec2',
  hub,
  schema: speechSchema<Wav2vec2Config>({ family: z.literal('wav2vec2') }),
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

/** @file wav2vec 2.0 (Baevski et al., 2020), as Wav2Vec2Model of transformers: group or layer norms, base or large. */
import { z } from 'zod';
import { fewestSamples, hopOf, type SpeechConfig, speechSchema } from '../huggingface/config.js';
import { convFeatures, frontendSpecs, projectFrames } from '../huggingface/frontend.js';
import { type HubFamily, sharedSettings, speechFamily } from '../huggingface/hub.js';
import { convPosition, positionSpecs } from '../huggingface/position.js';
import { transformerSpecs, transformerStates } from '../huggingface/transformer.js';

type Wav2vec2Config = SpeechConfig & { readonly family: 'wav2vec2' };

export const wav2vec2Family: HubFamily<Wav2vec2Config> = {
  ...speechFamily,
  name: 'wav2vec2',
  prefix: 'wav2vec2.',
  schema: speechSchema<Wav2vec2Config>({ family: z.literal('wav2vec2') }),
  fromHub: (hub, normalizeWaveform) => ({ family: 'wav2vec2', ...sharedSettings(hub, normalizeWaveform) }),
  parameters: (config) => ({
    ...frontendSpecs(config),
    ...positionSpecs(config),
    ...transformerSpecs(config),
  }),
  forward: (config, parameters, waveform) => {
    const x = projectFrames(config, parameters, convFeatures(config, parameters, waveform));
    return transformerStates(config, parameters, x.add(convPosition(config, parameters, x)));
  },
  minimumSamples: fewestSamples,
  hopSamples: hopOf,
};

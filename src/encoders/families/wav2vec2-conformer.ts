/** @file wav2vec 2.0 with Conformer blocks (Wang et al., 2021), as Wav2Vec2ConformerModel of transformers. */
import { z } from 'zod';
import type { EncoderFamily, EncoderInput, HubSource } from '../../api/encoder-family.js';
import type * as tf from '../../engine/ops.js';
import type { Parameters } from '../../engine/tree.js';
import { dropout } from '../../nn/dropout.js';
import { layerNorm, normEpsilon as torchEpsilon } from '../../nn/norm.js';
import { ownOnly, ownSamples, ownSteps, windowCounts } from '../../nn/own-steps.js';
import { fewestSamples, frontendSettings, hopOf } from '../huggingface/config.js';
import {
  type ConformerKind,
  conformerFault,
  conformerSettings,
  conformerSpecs,
  conformerStates,
} from '../huggingface/conformer.js';
import { convFeatures, frontendSpecs, projectFrames } from '../huggingface/frontend.js';
import {
  conformerHubSettings,
  hubSettings,
  sharedConformer,
  sharedFrontend,
  speechFamily,
} from '../huggingface/hub.js';
import { normSpecs } from '../parameter-specs.js';

const schema = z
  .strictObject({ family: z.literal('wav2vec2-conformer'), ...frontendSettings, ...conformerSettings })
  .superRefine((config, context) => {
    const message = conformerFault(config);
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  });
type Wav2vec2ConformerConfig = z.infer<typeof schema>;

/** The norms inside the blocks have torch's epsilon, whatever the configuration says. */
const kind: ConformerKind = { sees: 'both', epsilon: torchEpsilon };
const finalNorm = 'encoder.layer_norm';

function forward(
  config: Wav2vec2ConformerConfig,
  parameters: Parameters,
  { waveform, lengths, dropoutKey, maskFrames = (frames) => frames }: EncoderInput,
): readonly tf.Tensor[] {
  const features = convFeatures(config, parameters, ownSamples(waveform, lengths), lengths);
  const own = lengths && ownSteps(windowCounts(lengths, fewestSamples(config), hopOf(config)), features, 1);
  const projected = projectFrames(config, parameters, features);
  const x = maskFrames(dropout(projected, config.dropout.projection, dropoutKey, 'feature_projection'));
  const states = conformerStates(config, kind, parameters, x, { own, dropoutKey });
  states.push(layerNorm(parameters, finalNorm, states.pop() as tf.Tensor, config.normEpsilon));
  return states.map((state) => ownOnly(state, own));
}

const settings = z.object({
  ...hubSettings,
  ...conformerHubSettings,
  position_embeddings_type: z.enum(['relative', 'rotary']).nullable().default('relative'),
});

const hub: HubSource<z.infer<typeof settings>> = {
  prefix: 'wav2vec2_conformer.',
  recogniser: 'Wav2Vec2ConformerForCTC',
  settings,
  // The model has a convolution of positions, which it does not use.
  beside: /^encoder\.(pos_conv_embed|embed_positions)\./,
  configuration: (found, normalizeWaveform) => ({
    family: 'wav2vec2-conformer',
    ...sharedFrontend(found, normalizeWaveform),
    ...sharedConformer(found),
    position:
      found.position_embeddings_type === 'rotary'
        ? { type: 'rotary', base: found.rotary_embedding_base }
        : { type: found.position_embeddings_type ?? 'none' },
  }),
};

export const wav2vec2ConformerFamily: EncoderFamily<Wav2vec2ConformerConfig> = {
  ...speechFamily,
  name: 'wav2vec2-conformer',
  hub,
  schema,
  parameters: (config) => ({
    ...frontendSpecs(config),
    ...conformerSpecs(config, kind),
    ...normSpecs(finalNorm, config.width),
  }),
  forward,
  minimumSamples: fewestSamples,
  hopSamples: hopOf,
};

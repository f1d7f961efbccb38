/** @file data2vec for audio (Baevski et al., 2022), as Data2VecAudioModel of transformers: positions in several layers. */

import { z } from 'zod';
import type { EncoderFamily, HubSource } from '../../api/encoder-family.js';
import type * as tf from '../../engine/ops.js';
import type { Parameters } from '../../engine/tree.js';
import { conv1d } from '../../nn/conv1d.js';
import { gelu } from '../../nn/gelu.js';
import { standardize } from '../../nn/norm.js';
import { ownOnly } from '../../nn/own-steps.js';
import { fewestSamples, hopOf, type SpeechConfig, speechSchema } from '../huggingface/config.js';
import { speechStates } from '../huggingface/forward.js';
import { frontendSpecs } from '../huggingface/frontend.js';
import { hubSettings, hubSize, sharedSettings, speechFamily } from '../huggingface/hub.js';
import { positionName } from '../huggingface/position.js';
import { transformerSpecs } from '../huggingface/transformer.js';
import { writtenSettings } from '../huggingface/written-settings.js';
import { convSpecs, type Specs } from '../parameter-specs.js';
import { sameLength } from './ehmam.js';

interface Data2vecConfig extends SpeechConfig {
  readonly family: 'data2vec-audio';
  /** How many convolutions make the position. */
  readonly positionLayers: number;
}

const layerName = (i: number): string => `${positionName}.layers.${i}.conv`;
const own = { family: z.literal('data2vec-audio'), positionLayers: z.int().positive().max(64) };

/**
 * What is added to the frames: each layer a convolution, a norm without weights, GELU. x [batch, frames, width].
 * @param ownFrames bool [batch, frames]: behind a row's end every convolution sees zeros. transformers hides the padding
 *   from the first one alone.
 */
function layeredPosition(
  { position: { kernel, groups }, positionLayers }: Data2vecConfig,
  parameters: Parameters,
  x: tf.Tensor,
  ownFrames: tf.Tensor | undefined,
): tf.Tensor {
  let y = x;
  for (let i = 0; i < positionLayers; i++) {
    const channels = ownOnly(y, ownFrames).transpose([0, 2, 1]); // (batch, width, frames)
    const moved = conv1d(parameters, layerName(i), channels, { padding: Math.floor(kernel / 2), groups });
    y = gelu(standardize(sameLength(moved, kernel).transpose([0, 2, 1])));
  }
  return y;
}

function layeredSpecs({ width, position: { kernel, groups }, positionLayers }: Data2vecConfig): Specs {
  const layers = Array.from({ length: positionLayers }, (_, i) =>
    convSpecs(layerName(i), width, width / groups, kernel),
  );
  return Object.assign({}, ...layers);
}

const settings = z.object({ ...hubSettings, conv_pos_kernel_size: hubSize.default(19) });

/** The model has neither choice: its convolutions have layer norms, its blocks the norms after. */
function withoutChoices({
  feat_extract_norm: _,
  do_stable_layer_norm: __,
  ...others
}: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return others;
}

const hub: HubSource<z.infer<typeof settings>, unknown, Data2vecConfig> = {
  prefix: 'data2vec_audio.',
  settings,
  configuration: (found, normalizeWaveform) => ({
    family: 'data2vec-audio',
    ...sharedSettings(found, normalizeWaveform),
    // Whatever its configuration says.
    convNorm: 'layer',
    normFirst: false,
    position: { kernel: found.conv_pos_kernel_size, groups: found.num_conv_pos_embedding_groups },
    positionLayers: found.num_conv_pos_embeddings ?? 5,
  }),
  recogniser: 'Data2VecAudioForCTC',
  written: {
    model: 'Data2VecAudioModel',
    settings: (config) => ({
      ...withoutChoices(writtenSettings(config)),
      num_conv_pos_embeddings: config.positionLayers,
      conv_pos_kernel_size: config.position.kernel,
    }),
  },
};

export const data2vecAudioFamily: EncoderFamily<Data2vecConfig> = {
  ...speechFamily,
  name: 'data2vec-audio',
  hub,
  schema: speechSchema<Data2vecConfig>(own),
  parameters: (config) => ({
    ...frontendSpecs(config),
    ...layeredSpecs(config),
    ...transformerSpecs(config),
  }),
  forward: (config, parameters, input) =>
    speechStates(config, parameters, input, {
      position: (x, ownFrames) => layeredPosition(config, parameters, x, ownFrames),
    }),
  minimumSamples: fewestSamples,
  hopSamples: hopOf,
};

/** @file data2vec for audio (Baevski et al., 2022), as Data2VecAudioModel of transformers: positions in several layers. */

import { z } from 'zod';
import type * as tf from '../../engine/ops.js';
import type { Parameters } from '../../engine/tree.js';
import { conv1d } from '../../nn/conv1d.js';
import { gelu } from '../../nn/gelu.js';
import { standardize } from '../../nn/norm.js';
import { fewestSamples, hopOf, type SpeechConfig, speechSchema } from '../huggingface/config.js';
import { convFeatures, frontendSpecs, projectFrames } from '../huggingface/frontend.js';
import { type HubFamily, sharedSettings, speechFamily } from '../huggingface/hub.js';
import { positionName } from '../huggingface/position.js';
import { transformerSpecs, transformerStates } from '../huggingface/transformer.js';
import { convSpecs, type Specs } from '../parameter-specs.js';
import { sameLength } from './ehmam.js';

interface Data2vecConfig extends SpeechConfig {
  readonly family: 'data2vec-audio';
  /** How many convolutions make the position. */
  readonly positionLayers: number;
}

const layerName = (i: number): string => `${positionName}.layers.${i}.conv`;
const own = { family: z.literal('data2vec-audio'), positionLayers: z.int().positive().max(64) };

/** What is added to the frames: each layer a convolution, a norm without weights, GELU. x [batch, frames, width]. */
function layeredPosition(
  { position: { kernel, groups }, positionLayers }: Data2vecConfig,
  parameters: Parameters,
  x: tf.Tensor,
): tf.Tensor {
  let y = x;
  for (let i = 0; i < positionLayers; i++) {
    const channels = y.transpose([0, 2, 1]); // (batch, width, frames)
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

export const data2vecAudioFamily: HubFamily<Data2vecConfig> = {
  ...speechFamily,
  name: 'data2vec-audio',
  prefix: 'data2vec_audio.',
  schema: speechSchema<Data2vecConfig>(own),
  fromHub: (hub, normalizeWaveform) => ({
    family: 'data2vec-audio',
    ...sharedSettings(hub, normalizeWaveform),
    // The model has neither choice, whatever its configuration says.
    convNorm: 'layer',
    normFirst: false,
    position: { kernel: hub.conv_pos_kernel_size, groups: hub.num_conv_pos_embedding_groups },
    positionLayers: hub.num_conv_pos_embeddings ?? 5,
  }),
  parameters: (config) => ({
    ...frontendSpecs(config),
    ...layeredSpecs(config),
    ...transformerSpecs(config),
  }),
  forward: (config, parameters, waveform) => {
    const x = projectFrames(config, parameters, convFeatures(config, parameters, waveform));
    return transformerStates(config, parameters, x.add(layeredPosition(config, parameters, x)));
  },
  minimumSamples: fewestSamples,
  hopSamples: hopOf,
};

/** @file HuBERT (Hsu et al., 2021), as HubertModel of transformers; positions may be batch-normalised (mHuBERT). */

import { z } from 'zod';
import type { EncoderFamily, HubSource } from '../../api/encoder-family.js';
import type * as tf from '../../engine/ops.js';
import { normalizeByStatistics } from '../../nn/batch-norm.js';
import { fewestSamples, hopOf, type SpeechConfig, speechSchema } from '../huggingface/config.js';
import { speechStates } from '../huggingface/forward.js';
import { frontendSpecs } from '../huggingface/frontend.js';
import { hubSettings, sharedSettings, speechFamily } from '../huggingface/hub.js';
import { convPosition, positionName, positionSpecs } from '../huggingface/position.js';
import { transformerSpecs } from '../huggingface/transformer.js';
import { writtenSettings } from '../huggingface/written-settings.js';
import { batchNormSpecs } from '../parameter-specs.js';

interface HubertConfig extends SpeechConfig {
  readonly family: 'hubert';
  /** Whether frames are normalised before they are projected. */
  readonly projectionNorm: boolean;
  /** Whether the position's convolution sees frames normalised by the statistics of training. */
  readonly positionBatchNorm: boolean;
}

const batchNorm = `${positionName}.batch_norm`;

const own = {
  family: z.literal('hubert'),
  projectionNorm: z.boolean(),
  positionBatchNorm: z.boolean(),
};

const settings = z.object({
  ...hubSettings,
  feat_proj_layer_norm: z.boolean().default(true),
  conv_pos_batch_norm: z.boolean().default(false),
});

const hub: HubSource<z.infer<typeof settings>, unknown, HubertConfig> = {
  prefix: 'hubert.',
  settings,
  configuration: (found, normalizeWaveform) => ({
    family: 'hubert',
    ...sharedSettings(found, normalizeWaveform),
    projectionNorm: found.feat_proj_layer_norm,
    positionBatchNorm: found.conv_pos_batch_norm,
  }),
  recogniser: 'HubertForCTC',
  written: {
    model: 'HubertModel',
    settings: (config) => ({
      ...writtenSettings(config),
      feat_proj_layer_norm: config.projectionNorm,
      conv_pos_batch_norm: config.positionBatchNorm,
    }),
  },
};

export const hubertFamily: EncoderFamily<HubertConfig> = {
  ...speechFamily,
  name: 'hubert',
  hub,
  schema: speechSchema<HubertConfig>(own),
  parameters: (config) => ({
    ...frontendSpecs(config, config.projectionNorm),
    ...(config.positionBatchNorm ? batchNormSpecs(batchNorm, config.width) : {}),
    ...positionSpecs(config),
    ...transformerSpecs(config),
  }),
  forward: (config, parameters, input) => {
    const prepare = config.positionBatchNorm
      ? (channels: tf.Tensor): tf.Tensor => normalizeByStatistics(parameters, batchNorm, channels)
      : undefined;
    return speechStates(config, parameters, input, {
      projectionNorm: config.projectionNorm,
      position: (x, ownFrames) => convPosition(config, parameters, x, ownFrames, prepare),
    });
  },
  minimumSamples: fewestSamples,
  hopSamples: hopOf,
};

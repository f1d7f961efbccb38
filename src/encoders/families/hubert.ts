/** @file HuBERT (Hsu et al., 2021), as HubertModel of transformers; positions may be batch-normalised (mHuBERT). */

import { z } from 'zod';
import type * as tf from '../../engine/ops.js';
import type { Parameters } from '../../engine/tree.js';
import { parameter } from '../../nn/linear.js';
import { normEpsilon } from '../../nn/norm.js';
import { fewestSamples, hopOf, type SpeechConfig, speechSchema } from '../huggingface/config.js';
import { convFeatures, frontendSpecs, projectFrames } from '../huggingface/frontend.js';
import { type HubFamily, sharedSettings, speechFamily } from '../huggingface/hub.js';
import { convPosition, positionName, positionSpecs } from '../huggingface/position.js';
import { transformerSpecs, transformerStates } from '../huggingface/transformer.js';
import { normSpecs, ones, type Specs, zeros } from '../parameter-specs.js';

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

/** torch.nn.BatchNorm1d after training. x [batch, width, frames]. */
function normalizeByStatistics(parameters: Parameters, x: tf.Tensor): tf.Tensor {
  const of = (part: string): tf.Tensor => parameter(parameters, `${batchNorm}.${part}`);
  const scale = of('weight').mul(of('running_var').add(normEpsilon).rsqrt());
  const shift = of('bias').sub(of('running_mean').mul(scale));
  return x.mul(scale.reshape([-1, 1])).add(shift.reshape([-1, 1]));
}

function batchNormSpecs({ width, positionBatchNorm }: HubertConfig): Specs {
  if (!positionBatchNorm) return {};
  return {
    ...normSpecs(batchNorm, width),
    [`${batchNorm}.running_mean`]: { shape: [width], start: zeros },
    [`${batchNorm}.running_var`]: { shape: [width], start: ones },
  };
}

export const hubertFamily: HubFamily<HubertConfig> = {
  ...speechFamily,
  name: 'hubert',
  prefix: 'hubert.',
  schema: speechSchema<HubertConfig>(own),
  fromHub: (hub, normalizeWaveform) => ({
    family: 'hubert',
    ...sharedSettings(hub, normalizeWaveform),
    projectionNorm: hub.feat_proj_layer_norm,
    positionBatchNorm: hub.conv_pos_batch_norm,
  }),
  parameters: (config) => ({
    ...frontendSpecs(config, config.projectionNorm),
    ...batchNormSpecs(config),
    ...positionSpecs(config),
    ...transformerSpecs(config),
  }),
  forward: (config, parameters, waveform) => {
    const frames = convFeatures(config, parameters, waveform);
    const x = projectFrames(config, parameters, frames, config.projectionNorm);
    const prepare = config.positionBatchNorm
      ? (channels: tf.Tensor): tf.Tensor => normalizeByStatistics(parameters, channels)
      : undefined;
    return transformerStates(config, parameters, x.add(convPosition(config, parameters, x, prepare)));
  },
  minimumSamples: fewestSamples,
  hopSamples: hopOf,
};

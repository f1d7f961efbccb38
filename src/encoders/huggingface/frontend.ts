/** @file From samples to frames of the transformer's width: convolutions and projection of the Hugging Face families. */
import type * as tf from '../../engine/ops.js';
import type { Parameters } from '../../engine/tree.js';
import { conv1d } from '../../nn/conv1d.js';
import { gelu } from '../../nn/gelu.js';
import { groupNorm } from '../../nn/group-norm.js';
import { linear } from '../../nn/linear.js';
import { layerNorm } from '../../nn/norm.js';
import { ownSteps, windowCounts } from '../../nn/own-steps.js';
import { convSpecs, linearSpecs, normSpecs, type Specs } from '../parameter-specs.js';
import type { SpeechConfig } from './config.js';

type FrontendConfig = Pick<SpeechConfig, 'convolutions' | 'convBias' | 'convNorm'>;

const convolution = (i: number): string => `feature_extractor.conv_layers.${i}`;
const projection = 'feature_projection';

/**
 * The convolutions, with their norms and GELU (Wav2Vec2FeatureEncoder of transformers).
 * @param waveform [batch, samples]
 * @param lengths [batch], samples of each row, over which a group norm takes its statistics; by default all
 * @returns [batch, frames, channels]
 */
export function convFeatures(
  config: FrontendConfig,
  parameters: Parameters,
  waveform: tf.Tensor,
  lengths?: tf.Tensor,
): tf.Tensor {
  let x = waveform.expandDims(1); // (batch, 1, samples)
  for (const [i, [channels, taps, stride]] of config.convolutions.entries()) {
    const name = convolution(i);
    const y = conv1d(parameters, `${name}.conv`, x, { stride }); // (batch, channels, frames)
    if (config.convNorm === 'layer') {
      const frames = y.transpose([0, 2, 1]); // (batch, frames, channels)
      x = gelu(layerNorm(parameters, `${name}.layer_norm`, frames)).transpose([0, 2, 1]);
    } else if (i === 0) {
      const own = lengths && ownSteps(windowCounts(lengths, taps, stride), y, 2);
      x = gelu(groupNorm(parameters, `${name}.layer_norm`, y, { groups: channels, own }));
    } else {
      x = gelu(y);
    }
  }
  return x.transpose([0, 2, 1]);
}

/**
 * Frames to the transformer's width (Wav2Vec2FeatureProjection).
 * @param norm whether they are normalised first; HuBERT's need not be
 */
export function projectFrames(
  { normEpsilon }: Pick<SpeechConfig, 'normEpsilon'>,
  parameters: Parameters,
  frames: tf.Tensor,
  norm = true,
): tf.Tensor {
  const normed = norm ? layerNorm(parameters, `${projection}.layer_norm`, frames, normEpsilon) : frames;
  return linear(parameters, `${projection}.projection`, normed);
}

/** The parameters of both. */
export function frontendSpecs(config: FrontendConfig & Pick<SpeechConfig, 'width'>, norm = true): Specs {
  const channels = channelsOf(config);
  return { ...convolutionSpecs(config), ...projectionSpecs(channels, config.width, norm) };
}

export function projectionSpecs(channels: number, width: number, norm = true): Specs {
  return {
    ...(norm ? normSpecs(`${projection}.layer_norm`, channels) : {}),
    ...linearSpecs(`${projection}.projection`, width, channels),
  };
}

/** Channels that the last convolution gives. */
export const channelsOf = ({ convolutions }: Pick<SpeechConfig, 'convolutions'>): number =>
  convolutions.at(-1)?.[0] as number;

export function convolutionSpecs({ convolutions, convBias, convNorm }: FrontendConfig): Specs {
  let inputs = 1;
  const specs: Record<string, Specs[string]> = {};
  for (const [i, [out, taps]] of convolutions.entries()) {
    const name = convolution(i);
    const { [`${name}.conv.bias`]: bias, ...weight } = convSpecs(`${name}.conv`, out, inputs, taps);
    Object.assign(specs, weight, convBias ? { [`${name}.conv.bias`]: bias } : {});
    if (convNorm === 'layer' || i === 0) Object.assign(specs, normSpecs(`${name}.layer_norm`, out));
    inputs = out;
  }
  return specs;
}

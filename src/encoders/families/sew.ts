/**
 * @file SEW (Wu et al., 2022), as SEWModel of transformers: wav2vec 2.0 whose transformer sees every second frame. Its
 * hidden states are those frames, 40 ms apart; what stretches the last one to 20 ms again stands behind them.
 */
import { z } from 'zod';
import type { EncoderFamily, EncoderInput, HubSource } from '../../api/encoder-family.js';
import * as tf from '../../engine/ops.js';
import type { Parameters } from '../../engine/tree.js';
import { conv1d } from '../../nn/conv1d.js';
import { dropout } from '../../nn/dropout.js';
import { gelu } from '../../nn/gelu.js';
import { linear } from '../../nn/linear.js';
import { layerNorm } from '../../nn/norm.js';
import { ownOnly, ownSamples, ownSteps, windowCounts } from '../../nn/own-steps.js';
import { fewestSamples, hopOf, type SpeechConfig, speechSchema } from '../huggingface/config.js';
import { channelsOf, convFeatures, convolutionSpecs } from '../huggingface/frontend.js';
import { hubSettings, hubSize, sharedSettings, speechFamily } from '../huggingface/hub.js';
import { positionName, positionSpecs } from '../huggingface/position.js';
import { transformerSpecs, transformerStates } from '../huggingface/transformer.js';
import { linearSpecs, normSpecs } from '../parameter-specs.js';

interface SewConfig extends SpeechConfig {
  readonly family: 'sew';
  /** How many frames of the convolutions make one of the transformer. */
  readonly squeeze: number;
}

const projection = 'feature_projection';
/** Of the frames before the projection. */
const featureNorm = 'layer_norm';

/** Zeros before and behind the frames, of which a strided convolution makes as many as there are whole groups. */
function positionPadding({ position: { kernel }, squeeze }: SewConfig): readonly [number, number] {
  const half = Math.floor(kernel / 2);
  return [half, half - (kernel % 2 === 0 ? squeeze : squeeze - 1)];
}

const schema = speechSchema<SewConfig>({
  family: z.literal('sew'),
  squeeze: z.int().positive().max(64),
}).refine((config) => positionPadding(config)[1] >= 0, {
  path: ['position', 'kernel'],
  message: 'expected a kernel at least as long as the squeeze factor',
});

const fewest = (config: SewConfig): number => fewestSamples(config) + (config.squeeze - 1) * hopOf(config);
const hop = (config: SewConfig): number => hopOf(config) * config.squeeze;

/** What is added to the squeezed frames: SEWPositionalConvEmbedding. x [batch, frames, width]. */
function squeezedPosition(config: SewConfig, parameters: Parameters, x: tf.Tensor): tf.Tensor {
  const padded = x.transpose([0, 2, 1]).pad([[0, 0], [0, 0], [...positionPadding(config)]]);
  const { squeeze: stride, position } = config;
  const y = conv1d(parameters, `${positionName}.conv`, padded, { stride, groups: position.groups });
  return gelu(y).transpose([0, 2, 1]);
}

/** The mean of every group of frames, without those left over at the end. x [batch, frames, width]. */
function squeezed({ squeeze }: SewConfig, x: tf.Tensor): tf.Tensor {
  const [batch, frames, width] = x.shape as [number, number, number];
  const rows = x.transpose([0, 2, 1]).reshape([batch * width, 1, frames]);
  const mean = { 'mean.weight': tf.fill([1, 1, squeeze], 1 / squeeze) };
  const y = conv1d(mean, 'mean', rows, { stride: squeeze }); // (batch * width, 1, squeezed frames)
  return y.reshape([batch, width, y.shape[2] as number]).transpose([0, 2, 1]);
}

function forward(
  config: SewConfig,
  parameters: Parameters,
  { waveform, lengths, dropoutKey, maskFrames = (frames) => frames }: EncoderInput,
): readonly tf.Tensor[] {
  const features = convFeatures(config, parameters, ownSamples(waveform, lengths), lengths);
  const ownFeatures =
    lengths && ownSteps(windowCounts(lengths, fewestSamples(config), hopOf(config)), features, 1);
  const normed = layerNorm(parameters, featureNorm, features, config.normEpsilon);
  const projected = hasProjection(config) ? linear(parameters, projection, normed) : normed;
  const dropped = dropout(projected, config.dropout.projection, dropoutKey, projection);
  const x = ownOnly(maskFrames(dropped), ownFeatures); // (batch, frames, width)
  const frames = squeezed(config, x).add(squeezedPosition(config, parameters, x)); // (batch, squeezed frames, width)
  const own = lengths && ownSteps(windowCounts(lengths, fewest(config), hop(config)), frames, 1);
  const states = transformerStates(config, parameters, frames, { own, dropoutKey, keepsFirstBlock: false });
  return states.map((state) => ownOnly(state, own));
}

const hasProjection = (config: SewConfig): boolean => channelsOf(config) !== config.width;

const convolutions = [
  [64, 10, 5],
  [128, 3, 2],
  [128, 1, 1],
  [128, 3, 2],
  [128, 1, 1],
  [256, 3, 2],
  [256, 1, 1],
  [256, 3, 2],
  [256, 1, 1],
  [512, 2, 2],
  [512, 1, 1],
  [512, 2, 2],
  [512, 1, 1],
] as const;
const column = (of: 0 | 1 | 2): number[] => convolutions.map((layer) => layer[of]);

const settings = z.object({
  ...hubSettings,
  conv_dim: hubSettings.conv_dim.default(column(0)),
  conv_kernel: hubSettings.conv_kernel.default(column(1)),
  conv_stride: hubSettings.conv_stride.default(column(2)),
  squeeze_factor: hubSize.default(2),
});

const hub: HubSource<z.infer<typeof settings>> = {
  prefix: 'sew.',
  settings,
  beside: /^encoder\.upsample\./,
  configuration: (found, normalizeWaveform) => ({
    family: 'sew',
    ...sharedSettings(found, normalizeWaveform),
    // The model has no such choice, whatever its configuration says.
    normFirst: false,
    squeeze: found.squeeze_factor,
  }),
};

export const sewFamily: EncoderFamily<SewConfig> = {
  ...speechFamily,
  name: 'sew',
  hub,
  schema,
  parameters: (config) => ({
    ...convolutionSpecs(config),
    ...normSpecs(featureNorm, channelsOf(config)),
    ...(hasProjection(config) ? linearSpecs(projection, config.width, channelsOf(config)) : {}),
    ...positionSpecs(config),
    ...transformerSpecs(config),
  }),
  forward,
  minimumSamples: fewest,
  hopSamples: hop,
};

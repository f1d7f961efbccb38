/** @file The convolution that tells frames where they stand (Wav2Vec2PositionalConvEmbedding of transformers). */
import type * as tf from '../../engine/ops.js';
import type { Parameters } from '../../engine/tree.js';
import { conv1d } from '../../nn/conv1d.js';
import { gelu } from '../../nn/gelu.js';
import { sameLength } from '../families/ehmam.js';
import { convSpecs, type Specs } from '../parameter-specs.js';
import type { SpeechConfig } from './config.js';

type PositionConfig = Pick<SpeechConfig, 'position'>;

export const positionName = 'encoder.pos_conv_embed';

/**
 * What is added to the frames. The weight is the plain one: weight normalisation is folded into it when it is read.
 * @param x [batch, frames, width]
 * @param own bool [batch, frames], a row's own frames: behind them the convolution sees zeros
 * @param prepare what the frames pass before, [batch, width, frames]
 * @returns [batch, frames, width]
 */
export function convPosition(
  { position: { kernel, groups } }: PositionConfig,
  parameters: Parameters,
  x: tf.Tensor,
  own: tf.Tensor | undefined,
  prepare: (channels: tf.Tensor) => tf.Tensor = (channels) => channels,
): tf.Tensor {
  const prepared = prepare(x.transpose([0, 2, 1])); // (batch, width, frames)
  const channels = own === undefined ? prepared : prepared.mul(own.toFloat().expandDims(1));
  const y = conv1d(parameters, `${positionName}.conv`, channels, { padding: Math.floor(kernel / 2), groups });
  return gelu(sameLength(y, kernel)).transpose([0, 2, 1]);
}

export function positionSpecs({ width, position }: PositionConfig & Pick<SpeechConfig, 'width'>): Specs {
  return convSpecs(`${positionName}.conv`, width, width / position.groups, position.kernel);
}

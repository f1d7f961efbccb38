/**
 * @file The EH-MAM encoder (Seth et al., 2024), which is data2vec 2.0's for audio (Baevski et al., 2022).
 * Names of parameters and order of operations follow fairseq's examples/data2vec: models/data2vec2.py,
 * models/modalities/{audio,base,modules}.py.
 */

import type { EncoderInput } from '../../api/encoder-family.js';
import * as tf from '../../engine/ops.js';
import type { Parameters } from '../../engine/tree.js';
import { alibiBias, framePositions, paddingBias } from '../../nn/attention.js';
import { conv1d } from '../../nn/conv1d.js';
import { type DropoutKey, dropout, layerKept } from '../../nn/dropout.js';
import { gelu } from '../../nn/gelu.js';
import { linear, parameter } from '../../nn/linear.js';
import { layerNorm, standardize } from '../../nn/norm.js';
import { ownOnly, ownSamples, ownSteps, windowCounts } from '../../nn/own-steps.js';
import { transformerBlock } from '../../nn/transformer.js';
import type { EhmamConfig } from './ehmam-config.js';
import { logMel, hopSamples as melHop, ownMean, stackFrames, windowSamples } from './log-mel.js';

/** Where the audio part's parameters stand in the official checkpoint. */
export const audio = 'modality_encoders.AUDIO';

/** Samples from one frame to the next. */
export function frameHop({ frontend }: EhmamConfig): number {
  return frontend.type === 'mel'
    ? melHop * frontend.stack
    : frontend.layers.reduce((hop, [, , stride]) => hop * stride, 1);
}

/** Fewest samples that give one frame. */
export function receptiveField({ frontend }: EhmamConfig): number {
  if (frontend.type === 'mel') return windowSamples + (frontend.stack - 1) * melHop;
  return [...frontend.layers]
    .reverse()
    .reduce((samples, [, taps, stride]) => (samples - 1) * stride + taps, 1);
}

/** Frames that so many samples give. */
export function frameCount(config: EhmamConfig, samples: number): number {
  return Math.floor((samples - receptiveField(config)) / frameHop(config)) + 1;
}

/**
 * Samples to frames, before any parameter of the transformer: convolutions, or stacked log-mel energies
 * with each utterance's mean removed.
 * @param waveform [batch, samples]
 * @param lengths [batch], samples of each row; by default all
 * @returns [batch, frames, channels]
 */
export function localFeatures(
  config: EhmamConfig,
  parameters: Parameters,
  waveform: tf.Tensor,
  lengths?: tf.Tensor,
): tf.Tensor {
  const { frontend } = config;
  if (frontend.type === 'mel') return stackedLogMel(waveform, frontend.bins, frontend.stack, lengths);
  let x = waveform.expandDims(1); // (batch, 1, samples)
  for (const [i, [, , stride]] of frontend.layers.entries()) {
    const name = `${audio}.local_encoder.conv_layers.${i}`;
    const y = conv1d(parameters, `${name}.0`, x, { stride }).transpose([0, 2, 1]); // (batch, frames, channels)
    x = gelu(layerNorm(parameters, `${name}.2.1`, y)).transpose([0, 2, 1]);
  }
  return x.transpose([0, 2, 1]);
}

function stackedLogMel(
  waveform: tf.Tensor,
  bins: number,
  stack: number,
  lengths: tf.Tensor | undefined,
): tf.Tensor {
  const energies = logMel(waveform, bins); // (batch, bins, 10 ms frames)
  return stackFrames(energies.sub(ownMean(energies, lengths)), stack);
}

/** Local features to the transformer's width: [batch, frames, width]. */
export function projectFeatures(parameters: Parameters, features: tf.Tensor): tf.Tensor {
  return linear(
    parameters,
    `${audio}.project_features.2`,
    layerNorm(parameters, `${audio}.project_features.1`, features),
  );
}

/**
 * The convolutional relative position: what is added to the projected frames.
 * @param x [batch, frames, width]
 * @param own bool [batch, frames], a row's own frames: behind them every convolution sees zeros, as at the end of the
 *   row alone. The released code (models/modalities/audio.py) lets it see the padding.
 * @returns [batch, frames, width]
 */
export function relativePosition(
  config: EhmamConfig,
  parameters: Parameters,
  x: tf.Tensor,
  own?: tf.Tensor,
): tf.Tensor {
  const { layers, kernel, groups } = config.position;
  let y = x;
  for (let i = 1; i <= layers; i++) {
    const channels = ownOnly(y, own).transpose([0, 2, 1]); // (batch, width, frames)
    const name = `${audio}.relative_positional_encoder.${i}.0`;
    const convolved = conv1d(parameters, name, channels, { padding: 'same', groups });
    y = gelu(standardize(sameLength(convolved, kernel).transpose([0, 2, 1])));
  }
  return y;
}

/** An even kernel with 'same' padding gives one frame too many at the end (fairseq's SamePad). */
export function sameLength(x: tf.Tensor, kernel: number): tf.Tensor {
  if (kernel % 2 === 1) return x;
  const [batch, channels, frames] = x.shape as [number, number, number];
  return x.slice([0, 0, 0], [batch, channels, frames - 1]);
}

export interface TransformerInput {
  /** [batch, frames, width], positions added. */
  readonly x: tf.Tensor;
  /** The frames' indices in their utterance, [batch or 1, frames]; default 0, 1, 2, ... */
  readonly positions?: tf.Tensor;
  /** [batch, frames], 1 or true where a frame is padding: no other frame attends to it. */
  readonly padding?: tf.Tensor;
  /** Training: the key of the dropout masks, and for each block 1 to run it or 0 to leave it out. */
  readonly dropoutKey?: DropoutKey;
  readonly keptBlocks?: tf.Tensor;
}

export interface TransformerOutput {
  /** The input of block 0 and the output of every block, prenet first. */
  readonly hiddenStates: readonly tf.Tensor[];
  /** MLP outputs of the shared blocks, before the residual. */
  readonly mlpOutputs: readonly tf.Tensor[];
}

/**
 * Where the ALiBi bias ends: e^-60 of a weight changes no sum of floats. What lies below would be weights that are too small for normal
 * floats, with which processors compute ten times slower.
 */
const farthest = -60;

/** Context encoder, then the shared blocks, under the scaled ALiBi bias. */
export function transformer(
  config: EhmamConfig,
  parameters: Parameters,
  input: TransformerInput,
): TransformerOutput {
  const { heads, normFirst, normEpsilon, prenetBlocks, blocks, dropout: rates } = config;
  const { padding, dropoutKey, keptBlocks } = input;
  const positions = input.positions ?? framePositions(input.x);
  const scale = parameter(parameters, `${audio}.alibi_scale`).reshape([1, heads, 1, 1]).relu();
  const alibi = tf.maximum(alibiBias(positions, heads).mul(scale), farthest);
  const bias = padding === undefined ? alibi : alibi.add(paddingBias(padding));
  const settings = {
    heads,
    normFirst,
    normEpsilon,
    attentionDropout: rates.attention,
    outputDropout: rates.encoder,
    activationDropout: rates.activation,
    afterMlpDropout: rates.afterMlp,
    ...(dropoutKey === undefined ? {} : { dropoutKey }),
  };
  const context = `${audio}.context_encoder`;
  const normed = normFirst ? input.x : layerNorm(parameters, `${context}.norm`, input.x, normEpsilon);
  let x = dropout(normed, rates.prenet, dropoutKey, context);
  const hiddenStates = [x];
  const mlpOutputs: tf.Tensor[] = [];
  for (let i = 0; i < prenetBlocks + blocks; i++) {
    const shared = i - prenetBlocks;
    const name = shared < 0 ? `${context}.blocks.${i}` : `blocks.${shared}`;
    const output = transformerBlock(parameters, name, x, bias, settings);
    const kept = keptBlocks?.slice([i], [1]);
    x = kept === undefined ? output.x : output.x.mul(kept).add(x.mul(tf.scalar(1).sub(kept)));
    if (normFirst && shared === -1) x = layerNorm(parameters, `${context}.norm`, x, normEpsilon);
    hiddenStates.push(x);
    if (shared >= 0) mlpOutputs.push(output.mlp);
  }
  if (normFirst)
    hiddenStates.push(layerNorm(parameters, 'norm', hiddenStates.pop() as tf.Tensor, normEpsilon));
  return { hiddenStates, mlpOutputs };
}

/** A row's own frames, bool [batch, frames]; undefined where every row fills the tensor. */
export function ownFrames(
  config: EhmamConfig,
  frames: tf.Tensor,
  lengths: tf.Tensor | undefined,
): tf.Tensor | undefined {
  if (lengths === undefined) return undefined;
  return ownSteps(windowCounts(lengths, receptiveField(config), frameHop(config)), frames, 1);
}

/**
 * The whole encoder. With `lengths`, a row's own frames are as those of the row alone: no frame attends to padding, and
 * the convolutions of the position do not see it, which they do in the released code.
 * @returns hidden states [batch, frames, width], zeros behind a row's end; MLP outputs there are anything
 */
export function encode(config: EhmamConfig, parameters: Parameters, input: EncoderInput): TransformerOutput {
  const { lengths, dropoutKey, maskFrames = (frames) => frames } = input;
  const features = localFeatures(config, parameters, ownSamples(input.waveform, lengths), lengths);
  const own = ownFrames(config, features, lengths);
  const x = maskFrames(projectFeatures(parameters, features));
  const output = transformer(config, parameters, {
    x: x.add(relativePosition(config, parameters, x, own)),
    ...(own === undefined ? {} : { padding: own.logicalNot() }),
    ...(dropoutKey === undefined ? {} : { dropoutKey }),
    ...keptBlocks(config, dropoutKey),
  });
  return { ...output, hiddenStates: output.hiddenStates.map((state) => ownOnly(state, own)) };
}

/** Which blocks layer drop leaves to run, [blocks]. */
function keptBlocks(
  { dropout: { layer }, prenetBlocks, blocks }: EhmamConfig,
  key: DropoutKey | undefined,
): Pick<TransformerInput, 'keptBlocks'> {
  if (key === undefined || layer === 0) return {};
  const each = Array.from({ length: prenetBlocks + blocks }, (_, i) => layerKept(layer, key, `block ${i}`));
  return { keptBlocks: tf.concat(each, 0) };
}

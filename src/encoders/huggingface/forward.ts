/** @file The pass that the Hugging Face families share: convolutions, projection, position, transformer. */
import type { EncoderInput } from '../../api/encoder-family.js';
import type * as tf from '../../engine/ops.js';
import type { Parameters } from '../../engine/tree.js';
import { dropout } from '../../nn/dropout.js';
import { ownOnly, ownSamples, ownSteps, windowCounts } from '../../nn/own-steps.js';
import { fewestSamples, hopOf, type SpeechConfig } from './config.js';
import { convFeatures, projectFrames } from './frontend.js';
import { type AttentionBias, transformerStates } from './transformer.js';

/** What a family has of its own. */
export interface SpeechParts {
  /** Whether frames are normalised before they are projected; default true. */
  readonly projectionNorm?: boolean;
  /**
   * What is added to the projected frames.
   * @param x [batch, frames, width]
   * @param own bool [batch, frames], a row's own frames; absent where every row fills the tensor
   */
  position(x: tf.Tensor, own: tf.Tensor | undefined): tf.Tensor;
  /** What is added to the attention's logits, given the projected frames. */
  bias?(x: tf.Tensor): AttentionBias;
  /** Whether layer drop spares the first block. */
  readonly keepsFirstBlock?: boolean;
}

/**
 * Hidden states [batch, frames, width], zeros behind a row's end. With `lengths`, a row's own frames are as those of the
 * row alone. transformers (modeling_wav2vec2.py and its kin) differs: its group norm takes its statistics over the padded
 * row, so that its models of base size are run without a mask, and then attend to padding.
 */
export function speechStates(
  config: SpeechConfig,
  parameters: Parameters,
  { waveform, lengths, dropoutKey, maskFrames = (frames) => frames }: EncoderInput,
  { projectionNorm, position, bias, keepsFirstBlock = false }: SpeechParts,
): readonly tf.Tensor[] {
  const features = convFeatures(config, parameters, ownSamples(waveform, lengths), lengths);
  const own = lengths && ownSteps(windowCounts(lengths, fewestSamples(config), hopOf(config)), features, 1);
  const projected = projectFrames(config, parameters, features, projectionNorm);
  const x = maskFrames(dropout(projected, config.dropout.projection, dropoutKey, 'feature_projection'));
  const added = bias?.(x);
  const states = transformerStates(config, parameters, x.add(position(x, own)), {
    bias: added,
    own,
    dropoutKey,
    keepsFirstBlock,
  });
  return states.map((state) => ownOnly(state, own));
}

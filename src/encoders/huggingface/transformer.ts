/** @file The transformer of the Hugging Face families: blocks with the norms after or before, every hidden state. */
import * as tf from '../../engine/ops.js';
import type { Parameters } from '../../engine/tree.js';
import { mixedBy, paddingBias } from '../../nn/attention.js';
import { type DropoutKey, dropout, layerKept } from '../../nn/dropout.js';
import { gelu } from '../../nn/gelu.js';
import { linear } from '../../nn/linear.js';
import { layerNorm } from '../../nn/norm.js';
import { linearSpecs, normSpecs, type Specs } from '../parameter-specs.js';
import type { SpeechConfig } from './config.js';

type TransformerConfig = Pick<
  SpeechConfig,
  'width' | 'heads' | 'mlpWidth' | 'blocks' | 'normFirst' | 'normEpsilon' | 'dropout'
>;

export const blockName = (i: number): string => `encoder.layers.${i}`;
const finalNorm = 'encoder.layer_norm';

/**
 * What is added to the attention logits of a block.
 * @param x the attention's input, [batch, frames, width]
 * @returns [batch, heads, frames, frames]
 */
export type AttentionBias = (block: number, x: tf.Tensor) => tf.Tensor;

/** What a pass may have beside the frames. */
export interface TransformerPass {
  readonly bias?: AttentionBias | undefined;
  /** bool [batch, frames]: a row's own frames, the only ones that are attended to. */
  readonly own?: tf.Tensor | undefined;
  readonly dropoutKey?: DropoutKey | undefined;
  readonly keepsFirstBlock: boolean;
}

/** The attention's heads apart: [batch, frames, width] to [batch, heads, frames, channels]. */
export function splitHeads(x: tf.Tensor, heads: number): tf.Tensor {
  const [batch, frames, width] = x.shape as [number, number, number];
  return x.reshape([batch, frames, heads, width / heads]).transpose([0, 2, 1, 3]);
}

/** The way back. */
export function joinHeads(x: tf.Tensor): tf.Tensor {
  const [batch, heads, frames, channels] = x.shape as [number, number, number, number];
  return x.transpose([0, 2, 1, 3]).reshape([batch, frames, heads * channels]);
}

/**
 * All blocks.
 * @param x projected frames with their positions added, [batch, frames, width]
 * @returns the input of block 0, then the output of every block: `hidden_states` of transformers, so that with norms
 *   first the last one has passed the final norm
 */
export function transformerStates(
  config: TransformerConfig,
  parameters: Parameters,
  x: tf.Tensor,
  pass: TransformerPass,
): tf.Tensor[] {
  const { blocks, normFirst, normEpsilon, dropout: rates } = config;
  const { dropoutKey, keepsFirstBlock } = pass;
  const normed = (state: tf.Tensor): tf.Tensor => layerNorm(parameters, finalNorm, state, normEpsilon);
  const first = dropout(normFirst ? x : normed(x), rates.hidden, dropoutKey, 'encoder.dropout');
  const states = blockStates(
    first,
    { blocks, layerDrop: rates.layer, dropoutKey, keepsFirstBlock },
    (i, before) => block(config, parameters, i, before, pass),
  );
  if (normFirst) states.push(normed(states.pop() as tf.Tensor));
  return states;
}

export interface BlockRun {
  readonly blocks: number;
  /** How often a block is left out in training. */
  readonly layerDrop: number;
  readonly dropoutKey?: DropoutKey | undefined;
  readonly keepsFirstBlock?: boolean;
}

/** What goes into the first block, then what leaves every block: a block that layer drop leaves out passes on its input. */
export function blockStates(
  first: tf.Tensor,
  { blocks, layerDrop, dropoutKey, keepsFirstBlock = false }: BlockRun,
  run: (i: number, x: tf.Tensor) => tf.Tensor,
): tf.Tensor[] {
  const states = [first];
  for (let i = 0; i < blocks; i++) {
    const before = states[i] as tf.Tensor;
    const after = run(i, before);
    if (dropoutKey === undefined || layerDrop === 0 || (i === 0 && keepsFirstBlock)) states.push(after);
    else {
      const kept = layerKept(layerDrop, dropoutKey, blockName(i));
      states.push(after.mul(kept).add(before.mul(tf.scalar(1).sub(kept))));
    }
  }
  return states;
}

/** Wav2Vec2EncoderLayer, or Wav2Vec2EncoderLayerStableLayerNorm where norms come first. */
function block(
  config: TransformerConfig,
  parameters: Parameters,
  i: number,
  x: tf.Tensor,
  { bias, own, dropoutKey }: TransformerPass,
): tf.Tensor {
  const name = blockName(i);
  const { heads, dropout: rates } = config;
  const drop = (z: tf.Tensor, rate: number, site: string): tf.Tensor =>
    dropout(z, rate, dropoutKey, `${name}.${site}`);
  const norm = (which: string, z: tf.Tensor): tf.Tensor =>
    layerNorm(parameters, `${name}.${which}`, z, config.normEpsilon);
  const attend = (z: tf.Tensor): tf.Tensor => {
    const dropWeights = (weights: tf.Tensor): tf.Tensor => drop(weights, rates.attention, 'attention');
    const added = withPadding(bias?.(i, z), own);
    const mixed = selfAttention(parameters, `${name}.attention`, z, { heads, bias: added, dropWeights });
    return drop(mixed, rates.hidden, 'dropout');
  };
  const feedForward = (z: tf.Tensor): tf.Tensor => {
    const hidden = gelu(linear(parameters, `${name}.feed_forward.intermediate_dense`, z));
    const dropped = drop(hidden, rates.activation, 'feed_forward.intermediate_dropout');
    const out = linear(parameters, `${name}.feed_forward.output_dense`, dropped);
    return drop(out, rates.hidden, 'feed_forward.output_dropout');
  };
  if (config.normFirst) {
    const attended = x.add(attend(norm('layer_norm', x)));
    return attended.add(feedForward(norm('final_layer_norm', attended)));
  }
  const attended = norm('layer_norm', x.add(attend(x)));
  return norm('final_layer_norm', attended.add(feedForward(attended)));
}

/** A bias that hides the frames that are no row's own as well. */
export function withPadding(bias: tf.Tensor | undefined, own: tf.Tensor | undefined): tf.Tensor | undefined {
  if (own === undefined) return bias;
  const hidden = paddingBias(own.logicalNot());
  return bias === undefined ? hidden : bias.add(hidden);
}

export interface AttentionParts {
  readonly heads: number;
  readonly bias: tf.Tensor | undefined;
  dropWeights(weights: tf.Tensor): tf.Tensor;
}

/** Self-attention with a projection each for queries, keys and values: [batch, frames, width]. */
export function selfAttention(
  parameters: Parameters,
  name: string,
  x: tf.Tensor,
  { heads, bias, dropWeights }: AttentionParts,
): tf.Tensor {
  const width = x.shape[2] as number;
  const part = (which: string): tf.Tensor => linear(parameters, `${name}.${which}_proj`, x);
  const queries = splitHeads(part('q').mul((width / heads) ** -0.5), heads);
  const products = tf.matMul(queries, splitHeads(part('k'), heads), false, true); // (batch, heads, frames, frames)
  const logits = bias === undefined ? products : products.add(bias);
  const mixed = mixedBy(logits, splitHeads(part('v'), heads), dropWeights); // (batch, heads, frames, channels)
  return linear(parameters, `${name}.out_proj`, joinHeads(mixed));
}

export function transformerSpecs({
  width,
  mlpWidth,
  blocks,
}: Pick<TransformerConfig, 'width' | 'mlpWidth' | 'blocks'>): Specs {
  const specs: Record<string, Specs[string]> = { ...normSpecs(finalNorm, width) };
  for (let i = 0; i < blocks; i++) {
    const name = blockName(i);
    for (const which of ['q', 'k', 'v', 'out'])
      Object.assign(specs, linearSpecs(`${name}.attention.${which}_proj`, width, width));
    Object.assign(
      specs,
      normSpecs(`${name}.layer_norm`, width),
      linearSpecs(`${name}.feed_forward.intermediate_dense`, mlpWidth, width),
      linearSpecs(`${name}.feed_forward.output_dense`, width, mlpWidth),
      normSpecs(`${name}.final_layer_norm`, width),
    );
  }
  return specs;
}

/**
 * @file The Conformer blocks (Gulati et al., 2020) of two families of transformers: half a feed-forward network, attention,
 * a gated convolution, and the other half (Wav2Vec2ConformerEncoderLayer, Wav2Vec2BertEncoderLayer).
 */
import { z } from 'zod';
import * as tf from '../../engine/ops.js';
import type { Parameters } from '../../engine/tree.js';
import { activations, gated } from '../../nn/activations.js';
import { mixedBy } from '../../nn/attention.js';
import { normalizeByStatistics } from '../../nn/batch-norm.js';
import { conv1d } from '../../nn/conv1d.js';
import { type DropoutKey, dropout } from '../../nn/dropout.js';
import { linear, parameter } from '../../nn/linear.js';
import { layerNorm } from '../../nn/norm.js';
import { ownOnly } from '../../nn/own-steps.js';
import { distanceProducts, distances, pairScores, rotated, sinusoids } from '../../nn/relative-positions.js';
import { batchNormSpecs, linearSpecs, normSpecs, type Specs, zeros } from '../parameter-specs.js';
import { bounds } from './config.js';
import { blockName, blockStates, joinHeads, splitHeads, withPadding } from './transformer.js';

const { width, blocks, rate } = bounds;

/** What says where frames stand. */
const position = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('none') }),
  /** Sinusoids of distances, with projections of their own (Transformer-XL). */
  z.strictObject({ type: z.literal('relative') }),
  /** A vector a distance; those further behind than `left`, or further ahead than `right`, share one. */
  z.strictObject({ type: z.literal('relative-key'), left: width, right: width }),
  /** Queries and keys turned by their position. */
  z.strictObject({ type: z.literal('rotary'), base: z.number().positive() }),
]);

export const conformerSettings = {
  width,
  heads: width,
  mlpWidth: width,
  blocks,
  activation: z.enum(['gelu', 'swish', 'silu']),
  normEpsilon: z.number().positive(),
  convKernel: width.refine((taps) => taps % 2 === 1, { message: 'expected an odd number' }),
  position,
  /** Rates of dropout: as those of `speechSettings`, and of what a convolution adds. */
  dropout: z.strictObject({
    projection: rate,
    hidden: rate,
    attention: rate,
    activation: rate,
    convolution: rate,
    layer: rate,
  }),
} as const;

export type ConformerConfig = z.infer<z.ZodObject<typeof conformerSettings>>;

/** What of a configuration cannot be, as an issue for its schema. */
export function conformerFault({ width: all, heads, position: where }: ConformerConfig): string | undefined {
  if (all % heads !== 0) return `the width ${all} is not a multiple of the ${heads} heads`;
  if (where.type === 'relative' && all % 2 !== 0) return 'relative positions need an even width';
  if (where.type === 'rotary' && (all / heads) % 2 !== 0)
    return 'rotary positions need heads of an even width';
  return undefined;
}

/** What differs between the families. */
export interface ConformerKind {
  /** `both`: a convolution sees both sides, and statistics of training normalise it. `behind`: only what was, a layer norm. */
  readonly sees: 'both' | 'behind';
  /** Of the norms inside the blocks. */
  readonly epsilon: number;
}

export interface ConformerPass {
  /** bool [batch, frames]: a row's own frames. */
  readonly own?: tf.Tensor | undefined;
  readonly dropoutKey?: DropoutKey | undefined;
}

interface Block extends ConformerPass {
  readonly config: ConformerConfig;
  readonly kind: ConformerKind;
  readonly parameters: Parameters;
  readonly name: string;
  /** What stands for distances, where every block projects the same: [2 frames, width]. */
  readonly table: tf.Tensor | undefined;
  /** The norm of that name, of this block. */
  norm(which: string, x: tf.Tensor): tf.Tensor;
  drop(x: tf.Tensor, rate: number, site: string): tf.Tensor;
}

/** The input of block 0, then the output of every block. x [batch, frames, width]. */
export function conformerStates(
  config: ConformerConfig,
  kind: ConformerKind,
  parameters: Parameters,
  x: tf.Tensor,
  pass: ConformerPass,
): tf.Tensor[] {
  const { dropout: rates, blocks: count } = config;
  const { dropoutKey } = pass;
  const table = config.position.type === 'relative' ? sinusoids(distances(x), config.width) : undefined;
  const first = dropout(x, rates.hidden, dropoutKey, 'encoder.dropout');
  return blockStates(first, { blocks: count, layerDrop: rates.layer, dropoutKey }, (i, before) => {
    const name = blockName(i);
    return block(before, {
      ...pass,
      config,
      kind,
      parameters,
      name,
      table,
      norm: (which, z) => layerNorm(parameters, `${name}.${which}`, z, kind.epsilon),
      drop: (z, share, site) => dropout(z, share, dropoutKey, `${name}.${site}`),
    });
  });
}

function block(x: tf.Tensor, it: Block): tf.Tensor {
  const half = (which: string, z: tf.Tensor): tf.Tensor =>
    z.add(feedForward(it, which, it.norm(`${which}_layer_norm`, z)).mul(0.5));
  const first = half('ffn1', x);
  const mixed = attention(it, it.norm('self_attn_layer_norm', first));
  const attended = first.add(it.drop(mixed, it.config.dropout.attention, 'self_attn_dropout'));
  const convolved = attended.add(convolution(it, it.norm('conv_module.layer_norm', attended)));
  return it.norm('final_layer_norm', half('ffn2', convolved));
}

function feedForward({ config, parameters, name, drop }: Block, which: string, x: tf.Tensor): tf.Tensor {
  const { activation, dropout: rates } = config;
  const hidden = activations[activation](linear(parameters, `${name}.${which}.intermediate_dense`, x));
  const dropped = drop(hidden, rates.activation, `${which}.intermediate_dropout`);
  const out = linear(parameters, `${name}.${which}.output_dense`, dropped);
  return drop(out, rates.hidden, `${which}.output_dropout`);
}

/** Wav2Vec2ConformerSelfAttention: [batch, frames, width]. */
function attention(it: Block, x: tf.Tensor): tf.Tensor {
  const { config, parameters, own, drop } = it;
  const { heads, width: all, position: where } = config;
  const name = `${it.name}.self_attn`;
  const turned = where.type === 'rotary' ? rotated(x, heads, where.base) : x;
  const part = (which: string, of: tf.Tensor): tf.Tensor =>
    splitHeads(linear(parameters, `${name}.linear_${which}`, of), heads);
  const scale = (all / heads) ** -0.5;
  const [queries, keys] = [part('q', turned).mul(scale), part('k', turned)];
  const scores = positionScores(it, x, queries, (asked) => tf.matMul(asked, keys, false, true));
  const hidden = withPadding(undefined, own);
  const logits = hidden === undefined ? scores : scores.add(hidden);
  const dropWeights = (weights: tf.Tensor): tf.Tensor => drop(weights, config.dropout.attention, 'attention');
  const mixed = mixedBy(logits, part('v', x), dropWeights);
  return linear(parameters, `${name}.linear_out`, joinHeads(mixed));
}

/**
 * Scores of pairs of frames, by what they hold and where they stand: [batch, heads, frames, frames].
 * @param queries [batch, heads, frames, channels], scaled
 * @param byContent products of such queries and the keys
 */
function positionScores(
  { config, parameters, name, table }: Block,
  x: tf.Tensor,
  queries: tf.Tensor,
  byContent: (asked: tf.Tensor) => tf.Tensor,
): tf.Tensor {
  const { heads, width: all, position: where } = config;
  const channels = all / heads;
  if (where.type === 'relative-key') {
    const { left, right } = where;
    // Key's index less query's, as the table has it.
    const places = tf.clipByValue(distances(x).neg(), -left, right).add(left).toInt() as tf.Tensor1D;
    const picked = tf.oneHot(places, left + right + 1).toFloat(); // (2 frames, distances of the table)
    const embedding = parameter(parameters, `${name}.self_attn.distance_embedding.weight`);
    const content = byContent(queries);
    const products = distanceProducts(queries, tf.matMul(picked, embedding).expandDims(0));
    return content.add(pairScores(products, content));
  }
  if (table === undefined) return byContent(queries);
  const biased = (which: string): tf.Tensor => {
    const bias = parameter(parameters, `${name}.self_attn.pos_bias_${which}`).mul(channels ** -0.5);
    return queries.add(bias.reshape([1, heads, 1, channels]));
  };
  const projected = linear(parameters, `${name}.self_attn.linear_pos`, table); // (2 frames, width)
  const keys = projected.reshape([-1, heads, channels]).transpose([1, 0, 2]); // (heads, 2 frames, channels)
  const content = byContent(biased('u'));
  return content.add(pairScores(distanceProducts(biased('v'), keys), content));
}

/** The gated convolution over time: [batch, frames, width]. Behind a row's end it sees zeros, as at the end of the row alone. */
function convolution({ config, kind, parameters, name, own, drop }: Block, x: tf.Tensor): tf.Tensor {
  const { width: all, convKernel, activation } = config;
  const module = `${name}.conv_module`;
  const point = (which: string, z: tf.Tensor): tf.Tensor => {
    const weight = parameter(parameters, `${module}.${which}.weight`).squeeze([2]);
    return linear({ 'point.weight': weight }, 'point', z);
  };
  const channels = ownOnly(gated(point('pointwise_conv1', x)), own).transpose([0, 2, 1]); // (batch, width, frames)
  const reach = convKernel - 1;
  const padded = channels.pad([[0, 0], [0, 0], kind.sees === 'both' ? [reach / 2, reach / 2] : [reach, 0]]);
  const y = conv1d(parameters, `${module}.depthwise_conv`, padded, { groups: all });
  const normed =
    kind.sees === 'both'
      ? normalizeByStatistics(parameters, `${module}.batch_norm`, y).transpose([0, 2, 1])
      : layerNorm(parameters, `${module}.depthwise_layer_norm`, y.transpose([0, 2, 1]), kind.epsilon);
  const out = point('pointwise_conv2', activations[activation](normed));
  return drop(out, config.dropout.convolution, 'conv_module.dropout');
}

/** The parameters of the blocks. */
export function conformerSpecs(config: ConformerConfig, { sees }: ConformerKind): Specs {
  const specs: Record<string, Specs[string]> = {};
  for (let i = 0; i < config.blocks; i++) Object.assign(specs, blockSpecs(config, sees, blockName(i)));
  return specs;
}

function blockSpecs(config: ConformerConfig, sees: ConformerKind['sees'], name: string): Specs {
  const { width: all, mlpWidth, heads, convKernel, position: where } = config;
  const weight = (what: string, shape: readonly number[], inputs: number): Specs => ({
    [`${name}.${what}.weight`]: { shape, start: { bound: 1 / Math.sqrt(inputs) } },
  });
  const bias = { shape: [heads, all / heads], start: zeros };
  const norms = ['ffn1_layer_norm', 'self_attn_layer_norm', 'conv_module.layer_norm', 'ffn2_layer_norm'];
  return {
    ...Object.assign(
      {},
      ...[...norms, 'final_layer_norm'].map((which) => normSpecs(`${name}.${which}`, all)),
      ...['ffn1', 'ffn2'].flatMap((which) => [
        linearSpecs(`${name}.${which}.intermediate_dense`, mlpWidth, all),
        linearSpecs(`${name}.${which}.output_dense`, all, mlpWidth),
      ]),
      ...['q', 'k', 'v', 'out'].map((which) => linearSpecs(`${name}.self_attn.linear_${which}`, all, all)),
    ),
    ...(where.type === 'relative' && {
      ...weight('self_attn.linear_pos', [all, all], all),
      [`${name}.self_attn.pos_bias_u`]: bias,
      [`${name}.self_attn.pos_bias_v`]: bias,
    }),
    ...(where.type === 'relative-key' &&
      weight('self_attn.distance_embedding', [where.left + where.right + 1, all / heads], all)),
    ...weight('conv_module.pointwise_conv1', [2 * all, all, 1], all),
    ...weight('conv_module.depthwise_conv', [all, 1, convKernel], convKernel),
    ...(sees === 'both'
      ? batchNormSpecs(`${name}.conv_module.batch_norm`, all)
      : normSpecs(`${name}.conv_module.depthwise_layer_norm`, all)),
    ...weight('conv_module.pointwise_conv2', [all, all, 1], all),
  };
}

/** @file Settings of fairseq's networks as configurations of our families. */

import { z } from 'zod';
import { UserError } from '../../base/errors.js';
import { checked } from '../../base/validation.js';
import { convLayers } from '../official/conv-layers.js';
import type { FairseqModel } from './kind.js';

const size = z.number().int().positive();
const rate = z.number().min(0).max(1);

/** With the defaults of fairseq (models/wav2vec/wav2vec2.py), which old checkpoints rely on. */
const settings = z.object({
  extractor_mode: z.enum(['default', 'layer_norm']).default('default'),
  conv_feature_layers: z.string().default('[(512, 10, 5)] + [(512, 3, 2)] * 4 + [(512,2,2)] + [(512,2,2)]'),
  conv_bias: z.boolean().default(false),
  encoder_layers: size.default(12),
  encoder_embed_dim: size.default(768),
  encoder_ffn_embed_dim: size.default(3072),
  encoder_attention_heads: size.default(12),
  activation_fn: z.literal('gelu').default('gelu'),
  layer_type: z.enum(['transformer', 'conformer']).default('transformer'),
  layer_norm_first: z.boolean().default(false),
  conv_pos: size.default(128),
  conv_pos_groups: size.default(16),
  pos_conv_depth: size.default(1),
  conv_pos_batch_norm: z.boolean().default(false),
  dropout: rate.default(0.1),
  attention_dropout: rate.default(0.1),
  activation_dropout: rate.default(0),
  dropout_input: rate.default(0),
  encoder_layerdrop: rate.default(0),
  depthwise_conv_kernel_size: size.default(31),
  attn_type: z.string().default(''),
  pos_enc_type: z.string().default('abs'),
});
type Settings = z.infer<typeof settings>;

/** What fairseq adds to the variance of a waveform (torch's). */
const waveformEpsilon = 1e-5;
/** Of norms: torch's, which no setting of fairseq changes. */
const normEpsilon = 1e-5;
const rotaryBase = 10_000;

/**
 * The configuration of a family.
 * @throws UserError naming a setting that it does not have
 */
export function configurationOf(model: FairseqModel, file: string): unknown {
  const found = checked(settings, { value: model.settings, file });
  if (model.family === 'wav2vec2-conformer') return conformer(found, model.normalize, file);
  const shared = transformer(found, model.normalize, file);
  if (found.pos_conv_depth > 1 && model.family !== 'data2vec-audio')
    throw new UserError('several position convolutions are supported only for data2vec', { file });
  switch (model.family) {
    case 'hubert':
      return {
        family: 'hubert',
        ...shared,
        projectionNorm: true,
        positionBatchNorm: found.conv_pos_batch_norm,
      };
    case 'data2vec-audio':
      return {
        family: 'data2vec-audio',
        ...shared,
        position: {
          // fairseq: max(3, conv_pos // num_layers).
          kernel: Math.max(3, Math.floor(found.conv_pos / found.pos_conv_depth)),
          groups: found.conv_pos_groups,
        },
        positionLayers: found.pos_conv_depth,
      };
    default:
      return { family: 'wav2vec2', ...shared };
  }
}

function frontend(found: Settings, normalizeWaveform: boolean, file: string) {
  return {
    convolutions: convLayers(found.conv_feature_layers, 'conv_feature_layers', file),
    convBias: found.conv_bias,
    convNorm: found.extractor_mode === 'default' ? 'group' : 'layer',
    normalizeWaveform,
    waveformEpsilon,
    width: found.encoder_embed_dim,
    heads: found.encoder_attention_heads,
    mlpWidth: found.encoder_ffn_embed_dim,
    blocks: found.encoder_layers,
    normEpsilon,
  };
}

function transformer(found: Settings, normalizeWaveform: boolean, file: string) {
  return {
    ...frontend(found, normalizeWaveform, file),
    normFirst: found.layer_norm_first,
    position: { kernel: found.conv_pos, groups: found.conv_pos_groups },
    dropout: {
      projection: found.dropout_input,
      hidden: found.dropout,
      attention: found.attention_dropout,
      activation: found.activation_dropout,
      layer: found.encoder_layerdrop,
    },
  };
}

/** ConformerEncoder of fairseq with ESPnet's attention; the two that were published have it so. */
function conformer(found: Settings, normalizeWaveform: boolean, file: string) {
  const position = ({ rel_pos: { type: 'relative' }, rope: { type: 'rotary', base: rotaryBase } } as const)[
    found.pos_enc_type as 'rel_pos' | 'rope'
  ];
  if (position === undefined || found.attn_type !== 'espnet' || !found.layer_norm_first) {
    throw new UserError(
      `unsupported Conformer blocks: positions '${found.pos_enc_type}', attention '${found.attn_type}'`,
      {
        file,
        hint: "Supported: layer norm first, attention 'espnet', positions 'rel_pos' or 'rope'",
      },
    );
  }
  const rate = found.dropout;
  return {
    family: 'wav2vec2-conformer',
    ...frontend(found, normalizeWaveform, file),
    activation: 'swish',
    convKernel: found.depthwise_conv_kernel_size,
    position,
    dropout: {
      projection: found.dropout_input,
      hidden: rate,
      attention: rate,
      activation: rate,
      convolution: rate,
      layer: found.encoder_layerdrop,
    },
  };
}

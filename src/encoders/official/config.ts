/** @file Configurations of the official trainer (fairseq's data2vec_multi) as ours. */

import { z } from 'zod';
import { UserError } from '../../base/errors.js';
import { checked } from '../../base/validation.js';
import type { EhmamConfig } from '../families/ehmam-config.js';
import { convLayers } from './conv-layers.js';

/** The part of `cfg` that decides the encoder; everything else is about the training run. */
const officialSchema = z.object({
  task: z.object({ normalize: z.boolean().default(false) }),
  model: z.object({
    depth: z.number(),
    num_heads: z.number(),
    norm_eps: z.number(),
    norm_affine: z.literal(true),
    encoder_dropout: z.number(),
    post_mlp_drop: z.number(),
    attention_dropout: z.number(),
    activation_dropout: z.number(),
    dropout_input: z.number().default(0),
    layerdrop: z.number(),
    embed_dim: z.number(),
    mlp_ratio: z.number(),
    layer_norm_first: z.boolean(),
    average_top_k_layers: z.number().int().positive(),
    modalities: z.object({
      audio: z.object({
        prenet_depth: z.number(),
        prenet_dropout: z.number(),
        extractor_mode: z.literal('layer_norm'),
        feature_encoder_spec: z.string(),
        conv_pos_width: z.number(),
        conv_pos_groups: z.number(),
        conv_pos_depth: z.number(),
        conv_pos_pre_ln: z.literal(false).default(false),
        use_alibi_encoder: z.literal(true),
        learned_alibi: z.literal(false).default(false),
        learned_alibi_scale_per_layer: z.literal(false).default(false),
        num_alibi_heads: z.number(),
        decoder: z.object({
          decoder_residual: z.literal(true).default(true),
          projection_layers: z.literal(1).default(1),
          decoder_dim: z.number(),
          decoder_groups: z.number(),
          decoder_kernel: z.number(),
          decoder_layers: z.number(),
          input_dropout: z.number(),
        }),
      }),
    }),
  }),
});

export interface OfficialSettings {
  readonly config: EhmamConfig;
  /** How many of the last blocks' MLP outputs the targets are the mean of. */
  readonly topBlocks: number;
}

/**
 * The settings of a checkpoint of the official trainer.
 * @param cfg the checkpoint's `cfg`: `model` and `task`
 * @throws UserError naming the setting that this encoder does not have
 */
export function settingsFromOfficial(cfg: unknown, file: string): OfficialSettings {
  const hint = 'Supported: audio models of EH-MAM and data2vec 2.0 as released';
  const { task, model } = checked(z.object({ cfg: officialSchema }), { value: { cfg }, file }, { hint }).cfg;
  const { audio } = model.modalities;
  if (audio.num_alibi_heads !== model.num_heads) {
    throw new UserError(`cfg.model: ${audio.num_alibi_heads} ALiBi heads for ${model.num_heads} heads`, {
      file,
    });
  }
  const config: EhmamConfig = {
    family: 'ehmam',
    frontend: { type: 'conv', layers: convLayers(audio.feature_encoder_spec, 'feature_encoder_spec', file) },
    normalizeWaveform: task.normalize,
    width: model.embed_dim,
    heads: model.num_heads,
    mlpRatio: model.mlp_ratio,
    prenetBlocks: audio.prenet_depth,
    blocks: model.depth,
    normFirst: model.layer_norm_first,
    normEpsilon: model.norm_eps,
    position: {
      kernel: Math.max(3, Math.floor(audio.conv_pos_width / audio.conv_pos_depth)),
      layers: audio.conv_pos_depth,
      groups: audio.conv_pos_groups,
    },
    decoder: {
      width: audio.decoder.decoder_dim,
      groups: audio.decoder.decoder_groups,
      kernel: audio.decoder.decoder_kernel,
      layers: audio.decoder.decoder_layers,
    },
    dropout: {
      attention: model.attention_dropout,
      encoder: model.encoder_dropout,
      activation: model.activation_dropout,
      afterMlp: model.post_mlp_drop,
      decoderInput: audio.decoder.input_dropout,
      prenet: audio.prenet_dropout,
      layer: model.layerdrop,
    },
  };
  return { config, topBlocks: model.average_top_k_layers };
}

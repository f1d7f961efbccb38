/** @file `config.json` of the hub's speech encoders, as transformers writes it, and what of it the families share. */
import { z } from 'zod';
import type { EncoderFamily } from '../../api/encoder-family.js';
import type { SpeechConfig } from './config.js';

const size = z.int().positive();
const refused = (what: string) => ({ error: `${what} cannot be read here` });

/** With the defaults of transformers' configuration classes, which old files leave out. */
export const hubSchema = z.object({
  model_type: z.string(),
  hidden_size: size.default(768),
  num_hidden_layers: size.default(12),
  num_attention_heads: size.default(12),
  intermediate_size: size.default(3072),
  hidden_act: z.literal('gelu', refused('another activation than gelu')).default('gelu'),
  layer_norm_eps: z.number().positive().default(1e-5),
  feat_extract_norm: z.enum(['group', 'layer']).default('group'),
  feat_extract_activation: z.literal('gelu', refused('another activation than gelu')).default('gelu'),
  conv_dim: z.array(size).default([512, 512, 512, 512, 512, 512, 512]),
  conv_stride: z.array(size).default([5, 2, 2, 2, 2, 2, 2]),
  conv_kernel: z.array(size).default([10, 3, 3, 3, 3, 2, 2]),
  conv_bias: z.boolean().default(false),
  num_conv_pos_embeddings: size.optional(),
  num_conv_pos_embedding_groups: size.default(16),
  do_stable_layer_norm: z.boolean().default(false),
  add_adapter: z.literal(false, refused('a model with adapter layers')).nullish(),
  adapter_attn_dim: z.null(refused('a model with attention adapters')).optional(),
  // HuBERT's own.
  feat_proj_layer_norm: z.boolean().default(true),
  conv_pos_batch_norm: z.boolean().default(false),
  // WavLM's own.
  num_buckets: size.default(320),
  max_bucket_distance: size.default(800),
  // data2vec-audio's own.
  conv_pos_kernel_size: size.default(19),
});

export type HubConfig = z.infer<typeof hubSchema>;

/** An encoder family that transformers has too. */
export interface HubFamily<Config> extends EncoderFamily<Config> {
  /** What stands before the encoder's names in checkpoints that have a head as well. */
  readonly prefix: string;
  /** The family's configuration; its schema is still to judge it. */
  fromHub(hub: HubConfig, normalizeWaveform: boolean): unknown;
}

/** What Wav2Vec2FeatureExtractor adds to the variance of a waveform. */
export const waveformEpsilon = 1e-7;

/** The shared settings. A model without positions of its own has 128 taps, as transformers' default. */
export function sharedSettings(hub: HubConfig, normalizeWaveform: boolean): SpeechConfig {
  return {
    convolutions: hub.conv_dim.map((out, i) => [
      out,
      // Lists of different lengths become sizes that the schema refuses.
      hub.conv_kernel[i] ?? 0,
      hub.conv_stride[i] ?? 0,
    ]),
    convBias: hub.conv_bias,
    convNorm: hub.feat_extract_norm,
    normalizeWaveform,
    width: hub.hidden_size,
    heads: hub.num_attention_heads,
    mlpWidth: hub.intermediate_size,
    blocks: hub.num_hidden_layers,
    normFirst: hub.do_stable_layer_norm,
    normEpsilon: hub.layer_norm_eps,
    position: {
      kernel: hub.num_conv_pos_embeddings ?? 128,
      groups: hub.num_conv_pos_embedding_groups,
    },
  };
}

/** What every one of these families says of itself in the same way. */
export const speechFamily = {
  dims: ({ blocks, width }: SpeechConfig) => Array.from({ length: blocks + 1 }, () => width),
  normalizesWaveform: ({ normalizeWaveform }: SpeechConfig) => normalizeWaveform,
  waveformEpsilon,
} as const;

/** @file `config.json` of the hub's speech encoders, as transformers writes it, and what of it the families share. */
import { z } from 'zod';
import type { SpeechConfig } from './config.js';

export const hubSize = z.int().positive();
const rate = z.number().min(0).max(1);

/** What all families read, with the defaults of transformers' configuration classes, which old files leave out. */
export const hubSettings = {
  hidden_size: hubSize.default(768),
  num_hidden_layers: hubSize.default(12),
  num_attention_heads: hubSize.default(12),
  intermediate_size: hubSize.default(3072),
  hidden_act: z.literal('gelu').default('gelu'),
  layer_norm_eps: z.number().positive().default(1e-5),
  feat_extract_norm: z.enum(['group', 'layer']).default('group'),
  feat_extract_activation: z.literal('gelu').default('gelu'),
  conv_dim: z.array(hubSize).default([512, 512, 512, 512, 512, 512, 512]),
  conv_stride: z.array(hubSize).default([5, 2, 2, 2, 2, 2, 2]),
  conv_kernel: z.array(hubSize).default([10, 3, 3, 3, 3, 2, 2]),
  conv_bias: z.boolean().default(false),
  num_conv_pos_embeddings: hubSize.optional(),
  num_conv_pos_embedding_groups: hubSize.default(16),
  do_stable_layer_norm: z.boolean().default(false),
  feat_proj_dropout: rate.default(0),
  hidden_dropout: rate.default(0.1),
  attention_dropout: rate.default(0.1),
  activation_dropout: rate.default(0.1),
  layerdrop: rate.default(0.1),
  // Behind the encoder: no hidden state depends on it.
  add_adapter: z.boolean().nullish(),
  adapter_attn_dim: z.null({ error: 'attention adapters are not supported' }).optional(),
} as const;

const hubSchema = z.object(hubSettings);
export type HubSettings = z.infer<typeof hubSchema>;

/** What Wav2Vec2FeatureExtractor adds to the variance of a waveform. */
const usualEpsilon = 1e-7;

/** What turns samples into frames. */
export function sharedFrontend(
  hub: Pick<HubSettings, 'conv_dim' | 'conv_kernel' | 'conv_stride' | 'conv_bias' | 'feat_extract_norm'>,
  normalizeWaveform: boolean,
) {
  return {
    convolutions: hub.conv_dim.map((out, i): [number, number, number] => [
      out,
      // Lists of different lengths become sizes that the schema refuses.
      hub.conv_kernel[i] ?? 0,
      hub.conv_stride[i] ?? 0,
    ]),
    convBias: hub.conv_bias,
    convNorm: hub.feat_extract_norm,
    normalizeWaveform,
  };
}

/** The shared settings. A model without positions of its own has 128 taps, as transformers' default. */
export function sharedSettings(hub: HubSettings, normalizeWaveform: boolean): SpeechConfig {
  return {
    ...sharedFrontend(hub, normalizeWaveform),
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
    dropout: {
      projection: hub.feat_proj_dropout,
      hidden: hub.hidden_dropout,
      attention: hub.attention_dropout,
      activation: hub.activation_dropout,
      layer: hub.layerdrop,
    },
  };
}

/** What the Conformer families read, beside `hubSettings` or in its place. */
export const conformerHubSettings = {
  hidden_size: hubSettings.hidden_size,
  num_hidden_layers: hubSettings.num_hidden_layers,
  num_attention_heads: hubSettings.num_attention_heads,
  intermediate_size: hubSettings.intermediate_size,
  hidden_act: z.enum(['gelu', 'swish', 'silu']).default('gelu'),
  layer_norm_eps: hubSettings.layer_norm_eps,
  feat_proj_dropout: hubSettings.feat_proj_dropout,
  hidden_dropout: hubSettings.hidden_dropout,
  attention_dropout: hubSettings.attention_dropout,
  activation_dropout: hubSettings.activation_dropout,
  layerdrop: hubSettings.layerdrop,
  conv_depthwise_kernel_size: hubSize.default(31),
  conformer_conv_dropout: rate.default(0.1),
  rotary_embedding_base: z.number().positive().default(10_000),
} as const;

/** The settings of Conformer blocks, but for their positions. */
export function sharedConformer(hub: z.infer<z.ZodObject<typeof conformerHubSettings>>) {
  return {
    width: hub.hidden_size,
    heads: hub.num_attention_heads,
    mlpWidth: hub.intermediate_size,
    blocks: hub.num_hidden_layers,
    activation: hub.hidden_act,
    normEpsilon: hub.layer_norm_eps,
    convKernel: hub.conv_depthwise_kernel_size,
    dropout: {
      projection: hub.feat_proj_dropout,
      hidden: hub.hidden_dropout,
      attention: hub.attention_dropout,
      activation: hub.activation_dropout,
      convolution: hub.conformer_conv_dropout,
      layer: hub.layerdrop,
    },
  };
}

/** What every one of these families says of itself in the same way. */
export const speechFamily = {
  dims: ({ blocks, width }: Pick<SpeechConfig, 'blocks' | 'width'>) =>
    Array.from({ length: blocks + 1 }, () => width),
  normalizesWaveform: ({ normalizeWaveform }: Pick<SpeechConfig, 'normalizeWaveform'>) => normalizeWaveform,
  waveformEpsilon: ({ waveformEpsilon }: Pick<SpeechConfig, 'waveformEpsilon'>) =>
    waveformEpsilon ?? usualEpsilon,
  trainingSettings: ['dropout'],
  frontEnd: ['feature_extractor.'],
} as const;

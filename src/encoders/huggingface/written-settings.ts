/** @file Our settings as transformers' `config.json` has them: the way back of `hub.ts`. */
import type { SpeechConfig } from './config.js';

/** What wav2vec 2.0 and its kin share. */
export function writtenSettings(config: SpeechConfig): Readonly<Record<string, unknown>> {
  const { convolutions, position, dropout } = config;
  return {
    hidden_size: config.width,
    num_hidden_layers: config.blocks,
    num_attention_heads: config.heads,
    intermediate_size: config.mlpWidth,
    hidden_act: 'gelu',
    layer_norm_eps: config.normEpsilon,
    feat_extract_norm: config.convNorm,
    feat_extract_activation: 'gelu',
    conv_dim: convolutions.map(([width]) => width),
    conv_kernel: convolutions.map(([, taps]) => taps),
    conv_stride: convolutions.map(([, , stride]) => stride),
    conv_bias: config.convBias,
    num_feat_extract_layers: convolutions.length,
    num_conv_pos_embeddings: position.kernel,
    num_conv_pos_embedding_groups: position.groups,
    do_stable_layer_norm: config.normFirst,
    feat_proj_dropout: dropout.projection,
    hidden_dropout: dropout.hidden,
    attention_dropout: dropout.attention,
    activation_dropout: dropout.activation,
    layerdrop: dropout.layer,
  };
}

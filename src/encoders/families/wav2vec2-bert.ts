/**
 * @file W2v-BERT 2.0 (Seamless Communication, 2023), as Wav2Vec2BertModel of transformers with its feature extractor
 * (SeamlessM4TFeatureExtractor): Kaldi's log-mel energies, normalised over the utterance, two frames in one; Conformer
 * blocks whose convolutions see only what was. A frame without a second one to it is dropped: transformers attends to
 * none of them where it is given the mask that its feature extractor makes.
 */
import { z } from 'zod';
import type { EncoderFamily, EncoderInput, HubSource } from '../../api/encoder-family.js';
import type * as tf from '../../engine/ops.js';
import type { Parameters } from '../../engine/tree.js';
import { dropout } from '../../nn/dropout.js';
import { ownOnly, ownSamples, ownSteps, windowCounts } from '../../nn/own-steps.js';
import { bounds } from '../huggingface/config.js';
import {
  type ConformerKind,
  conformerFault,
  conformerSettings,
  conformerSpecs,
  conformerStates,
} from '../huggingface/conformer.js';
import { projectFrames, projectionSpecs } from '../huggingface/frontend.js';
import { conformerHubSettings, hubSize, sharedConformer } from '../huggingface/hub.js';
import { hopSamples, logMel, ownMean, stackFrames, windowSamples } from './log-mel.js';

const schema = z
  .strictObject({
    family: z.literal('wav2vec2-bert'),
    /** Energies of a frame, and how many frames make one of the transformer: one alone has no deviation. */
    bins: bounds.width.max(256),
    stack: z.int().min(2).max(64),
    ...conformerSettings,
  })
  .superRefine((config, context) => {
    const message = conformerFault(config);
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  });
type Wav2vec2BertConfig = z.infer<typeof schema>;

const kindOf = ({ normEpsilon }: Wav2vec2BertConfig): ConformerKind => ({
  sees: 'behind',
  epsilon: normEpsilon,
});
const fewest = ({ stack }: Wav2vec2BertConfig): number => windowSamples + (stack - 1) * hopSamples;
const hop = ({ stack }: Wav2vec2BertConfig): number => hopSamples * stack;

/** Kaldi takes samples of 16 bits. */
const sampleScale = 2 ** 15;
const varianceFloor = 1e-7;

/** Energies of zero mean and unit (unbiased) variance over a row's own frames, stacked: [batch, frames, stack * bins]. */
function features(
  { bins, stack }: Wav2vec2BertConfig,
  waveform: tf.Tensor,
  lengths: tf.Tensor | undefined,
): tf.Tensor {
  const energies = logMel(waveform.mul(sampleScale), bins); // (batch, bins, 10 ms frames)
  const nearly = energies.sub(ownMean(energies, lengths));
  // A second time, for what rounding left of a mean that is large beside the deviation.
  const centred = nearly.sub(ownMean(nearly, lengths));
  const variance = unbiased(ownMean(centred.square(), lengths), energies, lengths); // (batch, bins, 1)
  return stackFrames(centred.mul(variance.add(varianceFloor).rsqrt()), stack);
}

/** A mean of squares over n frames as one over n - 1. */
function unbiased(mean: tf.Tensor, energies: tf.Tensor, lengths: tf.Tensor | undefined): tf.Tensor {
  const counts =
    lengths === undefined
      ? energies.slice([0, 0, 0], [1, 1, -1]).mul(0).add(1).sum(2, true)
      : windowCounts(lengths, windowSamples, hopSamples).reshape([-1, 1, 1]);
  return mean.mul(counts).div(counts.sub(1));
}

function forward(
  config: Wav2vec2BertConfig,
  parameters: Parameters,
  { waveform, lengths, dropoutKey, maskFrames = (frames) => frames }: EncoderInput,
): readonly tf.Tensor[] {
  const stacked = features(config, ownSamples(waveform, lengths), lengths);
  const own = lengths && ownSteps(windowCounts(lengths, fewest(config), hop(config)), stacked, 1);
  const projected = projectFrames(config, parameters, ownOnly(stacked, own));
  const x = maskFrames(dropout(projected, config.dropout.projection, dropoutKey, 'feature_projection'));
  const states = conformerStates(config, kindOf(config), parameters, x, { own, dropoutKey });
  return states.map((state) => ownOnly(state, own));
}

const settings = z.object({
  ...conformerHubSettings,
  hidden_size: hubSize.default(1024),
  num_hidden_layers: hubSize.default(24),
  num_attention_heads: hubSize.default(16),
  intermediate_size: hubSize.default(4096),
  hidden_act: conformerHubSettings.hidden_act.default('swish'),
  hidden_dropout: bounds.rate.default(0),
  attention_dropout: bounds.rate.default(0),
  activation_dropout: bounds.rate.default(0),
  position_embeddings_type: z.enum(['relative', 'rotary', 'relative_key']).nullable().default('relative_key'),
  left_max_position_embeddings: hubSize.default(64),
  right_max_position_embeddings: hubSize.default(8),
});

const preprocessor = z.object({ num_mel_bins: hubSize.default(80), stride: hubSize.default(2) });

type Found = z.infer<typeof settings>;

function positionOf(found: Found) {
  switch (found.position_embeddings_type) {
    case 'relative_key':
      return {
        type: 'relative-key',
        left: found.left_max_position_embeddings,
        right: found.right_max_position_embeddings,
      };
    case 'rotary':
      return { type: 'rotary', base: found.rotary_embedding_base };
    default:
      return { type: found.position_embeddings_type ?? 'none' };
  }
}

const hub: HubSource<Found, z.infer<typeof preprocessor>> = {
  prefix: 'wav2vec2_bert.',
  recogniser: 'Wav2Vec2BertForCTC',
  settings,
  preprocessor,
  beside: /^(intermediate_ffn|encoder\.embed_positions)\./,
  configuration: (found, _normalize, { num_mel_bins, stride }) => ({
    family: 'wav2vec2-bert',
    bins: num_mel_bins,
    stack: stride,
    ...sharedConformer(found),
    position: positionOf(found),
  }),
};

export const wav2vec2BertFamily: EncoderFamily<Wav2vec2BertConfig> = {
  name: 'wav2vec2-bert',
  hub,
  schema,
  trainingSettings: ['dropout'],
  parameters: (config) => ({
    ...projectionSpecs(config.bins * config.stack, config.width),
    ...conformerSpecs(config, kindOf(config)),
  }),
  forward,
  dims: ({ blocks, width }) => Array.from({ length: blocks + 1 }, () => width),
  normalizesWaveform: () => false,
  minimumSamples: fewest,
  hopSamples: hop,
};

/**
 * @file Whisper's encoder (Radford et al., 2022), as WhisperEncoder of transformers with its feature extractor. It hears
 * windows of half a minute, filled up with silence: audio is cut into consecutive windows, each with its own log-mel
 * energies; frames behind the end of the audio are cut off. A frame begins every 20 ms, the last one before the end.
 */
import { z } from 'zod';
import type { EncoderFamily, EncoderInput, HubSource } from '../../api/encoder-family.js';
import * as tf from '../../engine/ops.js';
import type { Parameters } from '../../engine/tree.js';
import { conv1d } from '../../nn/conv1d.js';
import { detached } from '../../nn/custom.js';
import { type DropoutKey, dropout } from '../../nn/dropout.js';
import { gelu } from '../../nn/gelu.js';
import { linear, parameter } from '../../nn/linear.js';
import { layerNorm } from '../../nn/norm.js';
import { ownOnly, ownSamples, ownSteps, windowCounts } from '../../nn/own-steps.js';
import { joined, windows } from '../../nn/windows.js';
import { bounds } from '../huggingface/config.js';
import { hubSize } from '../huggingface/hub.js';
import { blockName, blockStates, selfAttention } from '../huggingface/transformer.js';
import { convSpecs, linearSpecs, normSpecs, type Specs } from '../parameter-specs.js';
import { melHop, transformSize, whisperLogMel } from './whisper-log-mel.js';

/** Frames of log-mel energies that make one of the transformer. */
const stride = 2;
const hop = melHop * stride;
/** Windows of one minute: a program of every length tells windows apart that are no longer. */
const mostPositions = 3000;

const schema = z
  .strictObject({
    family: z.literal('whisper'),
    bins: bounds.width.max(256),
    /** Frames of a window: 1500 are half a minute. */
    positions: z.int().min(2).max(mostPositions),
    width: bounds.width,
    heads: bounds.width,
    mlpWidth: bounds.width,
    blocks: bounds.blocks,
    dropout: z.strictObject({
      hidden: bounds.rate,
      attention: bounds.rate,
      activation: bounds.rate,
      layer: bounds.rate,
    }),
  })
  .refine(({ width, heads }) => width % heads === 0, {
    path: ['heads'],
    message: 'expected a divisor of the width',
  });
type WhisperConfig = z.infer<typeof schema>;

const positionTable = 'encoder.embed_positions.weight';
const finalNorm = 'encoder.layer_norm';

function forward(
  config: WhisperConfig,
  parameters: Parameters,
  { waveform, lengths, dropoutKey, maskFrames }: EncoderInput,
): readonly tf.Tensor[] {
  const own = ownSamples(waveform, lengths);
  const energies = whisperLogMel(windows(own, config.positions * hop), config.bins); // (windows, bins, 10 ms frames)
  const narrow = gelu(conv1d(parameters, 'encoder.conv1', energies, { padding: 1 }));
  const frames = gelu(conv1d(parameters, 'encoder.conv2', narrow, { padding: 1, stride })).transpose([
    0, 2, 1,
  ]);
  const grid = frameGrid(own); // (batch, frames, 1)
  const masked = maskFrames === undefined ? frames : maskedFrames(frames, grid, maskFrames);
  // Sinusoids, which are not trained.
  const positions = detached(parameter(parameters, positionTable), (table) => table.clone()); // (positions, width)
  const x = dropout(masked.add(positions), config.dropout.hidden, dropoutKey, 'encoder.dropout');
  const states = blockStates(
    x,
    { blocks: config.blocks, layerDrop: config.dropout.layer, dropoutKey },
    (i, before) => block(config, parameters, blockName(i), before, dropoutKey),
  );
  states.push(layerNorm(parameters, finalNorm, states.pop() as tf.Tensor));
  const ownFrames = lengths && ownSteps(windowCounts(lengths, 1, hop), grid, 1);
  return states.map((state) => ownOnly(joined(state, grid), ownFrames));
}

/** One value a frame of the audio, [batch, frames, 1]: how many there are depends on the samples alone. */
function frameGrid(waveform: tf.Tensor): tf.Tensor {
  return detached(waveform, (given) =>
    conv1d({ 'tap.weight': tf.zeros([1, 1, 1]) }, 'tap', given.expandDims(1), { stride: hop }).transpose([
      0, 2, 1,
    ]),
  );
}

/** The frames of the audio masked, those of the silence behind it as they are. In training: lengths are known. */
function maskedFrames(
  frames: tf.Tensor,
  grid: tf.Tensor,
  maskFrames: (frames: tf.Tensor) => tf.Tensor,
): tf.Tensor {
  const [rows, perWindow, width] = frames.shape as [number, number, number];
  const batch = grid.shape[0] as number;
  const all = frames.reshape([batch, (rows / batch) * perWindow, width]);
  const count = grid.shape[1] as number;
  const silence = all.slice([0, count, 0], [batch, -1, width]);
  return maskFrames(joined(frames, grid)).concat(silence, 1).reshape(frames.shape);
}

/** WhisperEncoderLayer: norms first. x [windows, positions, width]. */
function block(
  { heads, dropout: rates }: WhisperConfig,
  parameters: Parameters,
  name: string,
  x: tf.Tensor,
  key: DropoutKey | undefined,
): tf.Tensor {
  const drop = (z: tf.Tensor, rate: number, site: string): tf.Tensor =>
    dropout(z, rate, key, `${name}.${site}`);
  const mixed = selfAttention(
    parameters,
    `${name}.self_attn`,
    layerNorm(parameters, `${name}.self_attn_layer_norm`, x),
    {
      heads,
      bias: undefined,
      dropWeights: (weights) => drop(weights, rates.attention, 'attention'),
    },
  );
  const attended = x.add(drop(mixed, rates.hidden, 'dropout'));
  const normed = layerNorm(parameters, `${name}.final_layer_norm`, attended);
  const hidden = drop(
    gelu(linear(parameters, `${name}.fc1`, normed)),
    rates.activation,
    'activation_dropout',
  );
  return attended.add(drop(linear(parameters, `${name}.fc2`, hidden), rates.hidden, 'fc2_dropout'));
}

function specs({ bins, positions, width, mlpWidth, blocks }: WhisperConfig): Specs {
  const all: Record<string, Specs[string]> = {
    ...convSpecs('encoder.conv1', width, bins, 3),
    ...convSpecs('encoder.conv2', width, width, 3),
    [positionTable]: { shape: [positions, width], start: { deviation: 0.02 } },
    ...normSpecs(finalNorm, width),
  };
  for (let i = 0; i < blocks; i++) {
    const name = blockName(i);
    for (const which of ['q', 'k', 'v', 'out'])
      Object.assign(all, linearSpecs(`${name}.self_attn.${which}_proj`, width, width));
    delete all[`${name}.self_attn.k_proj.bias`];
    Object.assign(
      all,
      normSpecs(`${name}.self_attn_layer_norm`, width),
      linearSpecs(`${name}.fc1`, mlpWidth, width),
      linearSpecs(`${name}.fc2`, width, mlpWidth),
      normSpecs(`${name}.final_layer_norm`, width),
    );
  }
  return all;
}

const settings = z.object({
  num_mel_bins: hubSize.default(80),
  encoder_layers: hubSize.default(4),
  encoder_attention_heads: hubSize.default(6),
  encoder_ffn_dim: hubSize.default(1536),
  d_model: hubSize.default(384),
  max_source_positions: hubSize.default(1500),
  activation_function: z.literal('gelu').default('gelu'),
  dropout: bounds.rate.default(0),
  attention_dropout: bounds.rate.default(0),
  activation_dropout: bounds.rate.default(0),
  encoder_layerdrop: bounds.rate.default(0),
});

const hub: HubSource<z.infer<typeof settings>> = {
  prefix: 'model.',
  settings,
  preprocessor: z.object({
    n_fft: z.literal(transformSize).default(transformSize),
    hop_length: z.literal(melHop).default(melHop),
  }),
  beside: /^decoder\./,
  configuration: (found) => ({
    family: 'whisper',
    bins: found.num_mel_bins,
    positions: found.max_source_positions,
    width: found.d_model,
    heads: found.encoder_attention_heads,
    mlpWidth: found.encoder_ffn_dim,
    blocks: found.encoder_layers,
    dropout: {
      hidden: found.dropout,
      attention: found.attention_dropout,
      activation: found.activation_dropout,
      layer: found.encoder_layerdrop,
    },
  }),
};

export const whisperFamily: EncoderFamily<WhisperConfig> = {
  name: 'whisper',
  hub,
  schema,
  trainingSettings: ['dropout'],
  frontEnd: ['encoder.conv1.', 'encoder.conv2.', positionTable],
  parameters: specs,
  forward,
  dims: ({ blocks, width }) => Array.from({ length: blocks + 1 }, () => width),
  normalizesWaveform: () => false,
  minimumSamples: () => 1,
  hopSamples: () => hop,
};

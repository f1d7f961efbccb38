/** @file What `bench/finetune` measures: one update of fine-tuning, at three sizes of EH-MAM and at base size of wav2vec 2.0. */
import type { HostParameters } from '../src/base/host-tensor.js';
import { randomStream } from '../src/base/random.js';
import { encoderOf } from '../src/encoders/checkpoint.js';
import { configure } from '../src/encoders/configured.js';
import { encoderPreset } from '../src/encoders/families/ehmam-config.js';
import { startParameters as drawn } from '../src/encoders/parameter-specs.js';
import type { ToHost } from '../src/engine/tree.js';
import type { Transcribed } from '../src/finetune/data.js';
import { updateSource } from '../src/finetune/inputs.js';
import type { UpdateInputs } from '../src/finetune/model.js';
import { type FinetuneSettings, finetunePreset, samplesAtOnce } from '../src/finetune/settings.js';
import { referenceAlphabet } from '../src/finetune/tokens.js';
import { startParameters, type TrainableEncoder, trainable } from '../src/finetune/trained.js';

export interface FinetuneSize {
  readonly name: string;
  readonly config: unknown;
  readonly utterances: number;
  /** Of an utterance: a power of two, which is its shape's length too, so that neither side computes padding. */
  readonly frames: number;
}

/** wav2vec 2.0 Base as transformers has it (facebook/wav2vec2-base). */
const wav2vec2Base = {
  family: 'wav2vec2',
  convolutions: [
    [512, 10, 5],
    [512, 3, 2],
    [512, 3, 2],
    [512, 3, 2],
    [512, 3, 2],
    [512, 2, 2],
    [512, 2, 2],
  ],
  convBias: false,
  convNorm: 'group',
  normalizeWaveform: true,
  width: 768,
  heads: 12,
  mlpWidth: 3072,
  blocks: 12,
  normFirst: false,
  normEpsilon: 1e-5,
  position: { kernel: 128, groups: 16 },
};

export const finetuneSizes: readonly FinetuneSize[] = [
  { name: 'tiny', config: encoderPreset('tiny'), utterances: 16, frames: 128 },
  { name: 'small', config: encoderPreset('small'), utterances: 8, frames: 256 },
  { name: 'base', config: encoderPreset('base'), utterances: 8, frames: 256 },
  { name: 'wav2vec2 base', config: wav2vec2Base, utterances: 8, frames: 256 },
];

/** The preset, all of it trained from the first update, without dropout, whose random numbers differ between the two. */
export const finetuneSettings: FinetuneSettings = {
  ...finetunePreset('10m'),
  frozenUpdates: 0,
  dropout: { layer: 0, activation: 0, attention: 0, hidden: 0, output: 0 },
  batch: { samples: 3_200_000, multiple: 8, accumulation: 1 },
};

export const finetuneAlphabet = referenceAlphabet;

export interface FinetuneUpdate {
  readonly trained: TrainableEncoder;
  readonly parameters: HostParameters;
  /** Of the batch, as many as are computed one after the other. */
  readonly parts: readonly ToHost<UpdateInputs>[];
}

/** Letters a second, as people read aloud. */
const lettersPerSecond = 14;

/** Seeded parameters, and the batch of a first update: noise, and letters as many as are read in the time. */
export async function finetuneUpdate({
  name,
  config,
  utterances,
  frames,
}: FinetuneSize): Promise<FinetuneUpdate> {
  const configured = configure(config, name);
  const encoder = encoderOf(name, name, configured, drawn(configured.specs, 1));
  const trained = trainable(encoder, finetuneSettings);
  const samples = encoder.minimumSamples + (frames - 1) * encoder.hopSamples;
  const letters = Math.round((lettersPerSecond * samples) / 16_000);
  const train = Array.from({ length: utterances }, (_, i): Transcribed => {
    const random = randomStream(1, 'text', i);
    const { tokens, special } = finetuneAlphabet;
    return {
      utterance: { id: `u${i}`, path: '', split: 'train', columns: {}, line: i + 2, manifest: '' },
      samples,
      text: '',
      tokens: Array.from(
        { length: letters },
        () => special.length + random.integer(tokens.length - special.length),
      ),
    };
  });
  const source = updateSource({
    ...trained,
    train,
    settings: finetuneSettings,
    samplesAtOnce: samplesAtOnce(finetuneSettings, 'cpu'),
    audio: async (place) => {
      const random = randomStream(1, 'audio', place);
      return Float32Array.from({ length: samples }, () => 0.1 * random.normal());
    },
  });
  return {
    trained,
    parameters: startParameters(trained, finetuneAlphabet.tokens.length, finetuneSettings.seed, undefined),
    // Nothing of them is held by an engine yet.
    parts: (await source.partsOf(0)) as ToHost<UpdateInputs>[],
  };
}

/** @file The encoder families there are, built in or brought by plug-ins, and the encoders that their presets name. */
import type { EncoderFamily } from '../api/encoder-family.js';
import { createRegistry, type Registry } from '../base/registry.js';
import { data2vecAudioFamily } from './families/data2vec-audio.js';
import { ehmamFamily } from './families/ehmam-family.js';
import { fbankFamily } from './families/fbank.js';
import { hubertFamily } from './families/hubert.js';
import { sewFamily } from './families/sew.js';
import { unispeechFamily } from './families/unispeech.js';
import { unispeechSatFamily } from './families/unispeech-sat.js';
import { wav2vec2Family } from './families/wav2vec2.js';
import { wav2vec2BertFamily } from './families/wav2vec2-bert.js';
import { wav2vec2ConformerFamily } from './families/wav2vec2-conformer.js';
import { wavlmFamily } from './families/wavlm.js';
import { whisperFamily } from './families/whisper.js';

/** An encoder that a SPEC names without a checkpoint. */
export interface NamedEncoder {
  readonly spec: string;
  readonly family: EncoderFamily;
  readonly config: unknown;
}

/** Families by name; those with a `hub` source are found by the `model_type` of transformers as well. */
export const encoderFamilies: Registry<EncoderFamily> = createRegistry<EncoderFamily>(
  'encoder family',
  ({ name }) => name,
  [
    fbankFamily,
    ehmamFamily,
    wav2vec2Family,
    hubertFamily,
    wavlmFamily,
    data2vecAudioFamily,
    unispeechFamily,
    unispeechSatFamily,
    sewFamily,
    wav2vec2ConformerFamily,
    wav2vec2BertFamily,
    whisperFamily,
  ],
  presetClash,
);

/** Two families cannot have a preset of one SPEC. */
function presetClash(family: EncoderFamily): string | undefined {
  const others = namedEncoders().filter((each) => each.family.name !== family.name);
  for (const { spec } of presetsOf(family)) {
    const taken = others.find((other) => other.spec === spec);
    if (taken !== undefined)
      return `duplicate encoder preset '${spec}' (also in the family '${taken.family.name}')`;
  }
  return undefined;
}

/** Every encoder that a preset names. */
export function namedEncoders(): readonly NamedEncoder[] {
  return encoderFamilies.all().flatMap(presetsOf);
}

/** An encoder with parameters is a random one: its SPEC says so. */
function presetsOf(family: EncoderFamily): readonly NamedEncoder[] {
  return Object.entries(family.presets ?? {}).map(([name, config]) => {
    const fixed = Object.keys(family.parameters(config)).length === 0;
    return { spec: fixed ? name : `random:${name}`, family, config };
  });
}

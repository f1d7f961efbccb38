/** @file What a fine-tuning may set about decoding with a language model. */
import { z } from 'zod';
import { type BeamSettings, beamDefaults } from '../../lm/beam-search.js';
import { type DecodingWeights, decodingWeightsSchema } from '../../results/finetuning-file.js';

const count = z.int().positive();

export const decodingLmSchema = z.strictObject({
  /** ARPA file, plain or .gz. */
  arpa: z.string().min(1),
  /** A word and its tokens a line (default: the model's words, letter by letter). */
  lexicon: z.string().min(1).optional(),
  /** Given, they are not searched on dev. */
  weights: decodingWeightsSchema.optional(),
  /** How many hypotheses are followed (fairseq: 50; HuBERT: 500; data2vec: 1500). */
  beam: count.default(500),
  /** How far one may be behind the best. */
  beamThreshold: z.number().positive().default(50),
  /** The beam while weights are searched. */
  searchBeam: count.default(50),
  /** Weights are searched on at most so many utterances of dev, evenly spread over it. */
  searchUtterances: count.default(500),
});

export type DecodingLm = z.infer<typeof decodingLmSchema>;

/** fairseq's. */
export const usualWeights: DecodingWeights = { lm: 2, word: -1, silence: 0 };

/** The settings of a beam search over so many tokens, all of which are tried at every frame. */
export function beamSettings(
  { lm, word, silence }: DecodingWeights,
  { beam, beamThreshold }: Pick<DecodingLm, 'beam' | 'beamThreshold'>,
  tokens: number,
): BeamSettings {
  return {
    ...{ ...beamDefaults, beam, beamThreshold, beamTokens: tokens },
    ...{ lmWeight: lm, wordScore: word, silenceScore: silence },
  };
}

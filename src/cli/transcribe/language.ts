/** @file The language model that a command line names, with weights given, found by fine-tuning, or usual ones. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { sha256OfFile } from '../../base/files.js';
import { spellingOf } from '../../finetune/decoding/decode-splits.js';
import { beamSettings, usualWeights } from '../../finetune/decoding/settings.js';
import type { Alphabet } from '../../lm/alphabet.js';
import type { LexiconDecoder } from '../../lm/beam-search.js';
import { readLanguage } from '../../lm/language.js';
import { type DecodingWeights, finetuningFileName, readFinetuning } from '../../results/finetuning-file.js';

export interface LanguageRequest {
  readonly arpa: string;
  readonly lexicon: string | undefined;
  readonly weights: { readonly [Name in keyof DecodingWeights]: number | undefined };
  readonly beam: number;
}

export interface LoadedLanguage {
  readonly decoder: LexiconDecoder;
  readonly weights: DecodingWeights;
}

/** How far a hypothesis may be behind the best one (fairseq's). */
const beamThreshold = 50;

/**
 * Reads a language model. Weights that are not given are those that fine-tuning found on dev for the same file, else fairseq's.
 * @param model the recogniser as it was named: a folder may hold the record of its fine-tuning
 * @throws UserError as `readLanguage`
 */
export async function loadLanguage(
  alphabet: Alphabet,
  model: string,
  { arpa, lexicon, weights: given, beam }: LanguageRequest,
): Promise<LoadedLanguage> {
  const language = await readLanguage({ arpa, lexicon }, spellingOf(alphabet));
  const usual = (await foundWeights(model, arpa)) ?? usualWeights;
  const weights = {
    lm: given.lm ?? usual.lm,
    word: given.word ?? usual.word,
    silence: given.silence ?? usual.silence,
  };
  const settings = beamSettings(weights, { beam, beamThreshold }, alphabet.tokens.length);
  return { decoder: language(settings), weights };
}

async function foundWeights(model: string, arpa: string): Promise<DecodingWeights | undefined> {
  if (!existsSync(join(model, finetuningFileName))) return undefined;
  const { languageModel } = (await readFinetuning(model)).record;
  if (languageModel === undefined) return undefined;
  return (await sha256OfFile(arpa)) === languageModel.hash ? languageModel.weights : undefined;
}

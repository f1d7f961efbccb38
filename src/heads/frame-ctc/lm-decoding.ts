/** @file Decoding of a CTC head's emissions with a lexicon and an n-gram language model. */
import type { CtcSpec } from '../../api/head-spec.js';
import { beamDefaults } from '../../lm/beam-search.js';
import { readLanguage } from '../../lm/language.js';
import type { CtcSettings } from './settings.js';

/** The token between words. */
const boundaryToken = '|';

/** Gives the text of log-probabilities [frames, tokens], row-major; undefined where the beam finds none. */
export type TextDecoder = (emissions: Float32Array) => string | undefined;

/**
 * Reads model and lexicon (default: the model's own words, spelled with the head's tokens).
 * @throws UserError for files that cannot be read, and a head without a token between words
 */
export async function lmDecoder(
  head: CtcSpec,
  { arpa, lexicon, weight, ...settings }: NonNullable<CtcSettings['lm']>,
): Promise<TextDecoder> {
  const language = await readLanguage(
    { arpa, lexicon },
    {
      ...{ tokens: head.tokens, blank: head.blank, boundary: boundaryToken },
      spell: (word) => {
        const spelling = head.encode(word);
        return head.decode(spelling) === word ? spelling : undefined;
      },
    },
  );
  const decode = language({
    ...{ ...beamDefaults, ...settings },
    lmWeight: weight,
    beamTokens: head.tokens.length,
  });
  return (emissions) => {
    const { words } = decode(emissions, head.tokens.length);
    return words.length === 0 ? undefined : words.join(' ');
  };
}

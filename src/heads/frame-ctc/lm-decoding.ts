/** @file Decoding of a CTC head's emissions with a lexicon and an n-gram language model. */
import type { CtcSpec } from '../../api/head-spec.js';
import { UserError } from '../../base/errors.js';
import { readArpa } from '../../lm/arpa.js';
import { lexiconDecoder } from '../../lm/beam-search.js';
import { type LexiconEntry, readLexicon } from '../../lm/lexicon.js';
import type { NgramModel } from '../../lm/model.js';
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
  const boundary = head.tokens.indexOf(boundaryToken);
  if (boundary < 0) {
    throw new UserError(`the head has no token '${boundaryToken}' between words`, {
      hint: "Remove the setting 'lm'",
    });
  }
  const model = await readArpa(arpa);
  const entries =
    lexicon === undefined ? ownLexicon(head, model, boundary) : await readLexicon(lexicon, head.tokens);
  const decode = lexiconDecoder(
    model,
    entries,
    { blank: head.blank, boundary },
    { ...settings, lmWeight: weight, beamTokens: head.tokens.length },
  );
  return (emissions) => {
    const { words } = decode(emissions, head.tokens.length);
    return words.length === 0 ? undefined : words.join(' ');
  };
}

/** The words that the head can spell. */
function ownLexicon(head: CtcSpec, model: NgramModel, boundary: number): LexiconEntry[] {
  return [...model.vocabulary.keys()].flatMap((word) => {
    const spelling = head.encode(word);
    const spellable = !word.startsWith('<') && head.decode(spelling) === word;
    return spellable ? [{ word, spelling: [...spelling, boundary] }] : [];
  });
}

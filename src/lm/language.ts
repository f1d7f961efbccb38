/** @file A language model with the words that a recogniser can spell: what decoding with it begins with. */
import { UserError } from '../base/errors.js';
import { readArpa } from './arpa.js';
import { type BeamSettings, type LexiconDecoder, lexiconSearch } from './beam-search.js';
import { type LexiconEntry, readLexicon } from './lexicon.js';

/** The files of a language model. */
export interface LanguageFiles {
  /** ARPA, plain or .gz. */
  readonly arpa: string;
  /** A word and its tokens a line (default: the model's own words, as the recogniser spells them). */
  readonly lexicon?: string | undefined;
}

/** How a recogniser writes words. */
export interface Spelling {
  readonly tokens: readonly string[];
  readonly blank: number;
  /** The token between words. */
  readonly boundary: string;
  /** The tokens of a word, without a boundary; undefined where it has others. */
  spell(word: string): readonly number[] | undefined;
}

/**
 * Reads model and lexicon.
 * @returns gives decoders, whatever their settings
 * @throws UserError for files that cannot be read, tokens without a boundary, and a model none of whose words can be
 *   spelled
 */
export async function readLanguage(
  { arpa, lexicon }: LanguageFiles,
  spelling: Spelling,
): Promise<(settings: BeamSettings) => LexiconDecoder> {
  const boundary = spelling.tokens.indexOf(spelling.boundary);
  if (boundary < 0) {
    throw new UserError(
      `no token '${spelling.boundary}' between words: a language model of words has no use`,
      {
        hint: 'Remove the language model',
      },
    );
  }
  const model = await readArpa(arpa);
  const entries =
    lexicon === undefined
      ? ownLexicon(model.vocabulary.keys(), spelling, boundary)
      : await readLexicon(lexicon, spelling.tokens);
  if (entries.length === 0) throw unspellable([...model.vocabulary.keys()], spelling, arpa);
  return lexiconSearch(model, entries, { blank: spelling.blank, boundary });
}

/** The words that can be spelled. */
function ownLexicon(words: Iterable<string>, { spell }: Spelling, boundary: number): LexiconEntry[] {
  return [...words].flatMap((word) => {
    const spelled = isMark(word) ? undefined : spell(word);
    return spelled === undefined ? [] : [{ word, spelling: [...spelled, boundary] }];
  });
}

/** `<s>`, `</s>`, `<unk>`. */
const isMark = (word: string): boolean => word.startsWith('<');

function unspellable(words: readonly string[], { tokens, spell }: Spelling, file: string): UserError {
  const own = words.filter((word) => !isMark(word));
  const [example] = own;
  if (example === undefined)
    return new UserError('has no words', { file, hint: 'Pass an ARPA file of words' });
  const otherCase = [example.toUpperCase(), example.toLowerCase()].find((word) => spell(word) !== undefined);
  return new UserError(
    `none of its ${own.length} words can be spelled with the recogniser's tokens: '${example}', for example`,
    {
      file,
      hint:
        otherCase === undefined
          ? `The tokens are ${tokens.join(' ')}`
          : `The recogniser writes '${otherCase}': build the model of such text`,
    },
  );
}

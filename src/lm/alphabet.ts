/** @file The tokens of a recogniser as letters: text to tokens and back. */

/** What each output of a recogniser stands for. */
export interface Alphabet {
  /** No two are the same. */
  readonly tokens: readonly string[];
  /** The token that CTC calls blank. */
  readonly blank: number;
  /** The token between words; where no token is it, a text is one word. */
  readonly boundary: string;
  /** Tokens that stand for no text, in rising order; the blank is one. */
  readonly special: readonly number[];
  /** Whether a text is put in capitals to find its tokens, and what is recognised in small letters. */
  readonly lowerCase: boolean;
}

/** What an alphabet makes of a text. */
export interface Spelled {
  readonly tokens: readonly number[];
  /** Characters that no token stands for, each once; none of them is among `tokens`. */
  readonly unknown: readonly string[];
}

/** The text of tokens that hold no blank and no repetition: a boundary is a space, special tokens vanish. */
export function textOfTokens(
  { tokens, boundary, special, lowerCase }: Alphabet,
  indices: readonly number[],
): string {
  const text = indices
    .filter((index) => !special.includes(index))
    .map((index) => (tokens[index] === boundary ? ' ' : (tokens[index] ?? '')))
    .join('')
    .trim()
    .replaceAll(/\s+/g, ' ');
  return lowerCase ? text.toLowerCase() : text;
}

/**
 * How texts are spelled with an alphabet, in normal form (NFC), the longest token first where several fit. A run of spaces
 * is one boundary; none stands at the ends.
 */
export function spellerOf({ tokens, boundary, special, lowerCase }: Alphabet): (text: string) => Spelled {
  const places = new Map(tokens.flatMap((token, i) => (special.includes(i) ? [] : [[token, i] as const])));
  const lengths = [...new Set([...places.keys()].map((token) => token.length))].sort((a, b) => b - a);
  const between = places.get(boundary);
  // The boundary is no letter: a text that has it is not read as two words.
  places.delete(boundary);
  return (text) => {
    const normal = text.normalize('NFC').trim().replaceAll(/\s+/g, ' ');
    const written = lowerCase ? normal.toUpperCase() : normal;
    const spelled: number[] = [];
    const unknown = new Set<string>();
    for (let at = 0; at < written.length; ) {
      const length = lengths.find((each) => places.has(written.slice(at, at + each)));
      const character = String.fromCodePoint(written.codePointAt(at) as number);
      const token = length === undefined ? undefined : places.get(written.slice(at, at + length));
      if (token !== undefined) spelled.push(token);
      else if (character === ' ' && between !== undefined) spelled.push(between);
      else unknown.add(character);
      at += token === undefined ? character.length : (length as number);
    }
    return { tokens: spelled, unknown: [...unknown] };
  };
}

/** @file Texts with slots: `PLAY B-artist X E-artist NOW` to s3prl's tokens and back, and what keeps one from being read. */

/** Behind the text that a recogniser learns from, in the reference. */
export const endToken = '<eos>';
const unknown = '<unk>';

/** s3prl's characters (downstream/ctc/vocab/character.txt) behind its special tokens. */
const characters: readonly string[] = ['<pad>', endToken, unknown, ' ', ..."ABCDEFGHIJKLMNOPQRSTUVWXYZ'"];

/** s3prl takes `<pad>` for CTC's blank. */
export const blank = 0;

/** A word, or where a slot begins or ends. */
interface Piece {
  readonly kind: 'word' | 'B' | 'E';
  /** The word, or the slot's name. */
  readonly name: string;
}

/**
 * The pieces of a text. A name in capitals alone may be a word (`B-SIDES`, `E-TYPE`): it is a slot's where its partner stands in
 * the text too.
 */
function piecesOf(text: string): Piece[] {
  const words = text.split(/\s+/u).filter((word) => word !== '');
  return words.map((word, i): Piece => {
    const [, kind, name] = /^([BE])-(.+)$/u.exec(word) ?? [];
    if (name === undefined) return { kind: 'word', name: word };
    const partner = kind === 'B' ? words.indexOf(`E-${name}`, i) : words.slice(0, i).indexOf(`B-${name}`);
    const isSlot = name !== name.toUpperCase() || partner >= 0;
    return isSlot ? { kind: kind as 'B' | 'E', name } : { kind: 'word', name: word };
  });
}

/** The names of the slots in texts, the most frequent first; among equals by the alphabet. */
export function slotNames(texts: Iterable<string>): string[] {
  const counts = new Map<string, number>();
  for (const text of texts)
    for (const { kind, name } of piecesOf(text))
      if (kind === 'B') counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).map(([name]) => name);
}

/** What is wrong with the slots of a text: `'b' begins inside 'a'`; undefined where nothing is. */
export function slotFault(text: string): string | undefined {
  let open: string | undefined;
  let words = 0;
  for (const { kind, name } of piecesOf(text)) {
    if (kind === 'word') words++;
    else if (kind === 'B') {
      if (open !== undefined) return `'${name}' starts inside '${open}'`;
      [open, words] = [name, 0];
    } else {
      if (open === undefined) return `'${name}' ends without a start`;
      if (open !== name) return `'${name}' ends inside '${open}'`;
      if (words === 0) return `'${name}' contains no word`;
      open = undefined;
    }
  }
  return open === undefined ? undefined : `'${open}' starts and does not end`;
}

/** The text of a word's characters, each a token's own: capitals, and `<unk>` for what has none. */
const spelt = (word: string): string[] =>
  word
    .toUpperCase()
    .split(/(<UNK>)/u)
    .flatMap((part) => (part === '<UNK>' ? [unknown] : [...part]))
    .map((character) => (characters.indexOf(character) > 3 ? character : unknown));

/** A text as the reference would have it back from tokens: one blank between words and slots. */
export function normalText(text: string): string {
  return piecesOf(text)
    .map(({ kind, name }) => (kind === 'word' ? spelt(name).join('') : `${kind}-${name}`))
    .join(' ');
}

/** What is predicted, in the same form; whatever looks like the begin or end of a slot is one. */
export function normalPrediction(text: string): string {
  return text
    .split(/\s+/u)
    .filter((word) => word !== '')
    .map((word) => (/^[BE]-./u.test(word) ? word : spelt(word).join('')))
    .join(' ');
}

/** Characters, then a begin and an end of each slot; and texts to their indices and back. */
export function slotTokens(names: readonly string[]) {
  const tokens = [...characters, ...names.flatMap((name) => [`B-${name}`, `E-${name}`])];
  const indexOf = new Map(tokens.map((token, index) => [token, index]));
  return {
    tokens,
    /** No blank between a slot's begin or end and its words. */
    encode(text: string): number[] {
      const pieces = piecesOf(text);
      return pieces
        .flatMap(({ kind, name }, i) => {
          const own = kind === 'word' ? spelt(name) : [`${kind}-${name}`];
          const before = pieces[i - 1];
          return before === undefined || before.kind === 'B' || kind === 'E' ? own : [' ', ...own];
        })
        .map((token) => indexOf.get(token) ?? (indexOf.get(unknown) as number));
    },
    decode(indices: readonly number[]): string {
      const slot = (token: string): string => (token.startsWith('B-') ? `${token} ` : ` ${token}`);
      return indices
        .map((index) => {
          const token = index > 1 ? (tokens[index] ?? '') : '';
          return index < characters.length ? token : slot(token);
        })
        .join('');
    },
  };
}

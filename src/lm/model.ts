/**
 * @file Back-off n-gram models in flat tables: a trie whose levels are typed arrays, scored as KenLM scores.
 *
 * An n-gram below the highest order takes 16 bytes (word, probability, back-off, where its children begin), one of the
 * highest order 8. So 100 million n-grams, half of them of the highest order, take 1.2 GB.
 */

/** The n-grams of one length, children of one parent side by side and sorted by word. */
export interface Level {
  readonly words: Uint32Array;
  /** log10. */
  readonly probabilities: Float32Array;
  /** log10; of the highest order none. */
  readonly backoffs: Float32Array | undefined;
  /** Where the children of n-gram i begin in the next level, with one entry more for the end; of the highest order none. */
  readonly children: Uint32Array | undefined;
}

export interface NgramModel {
  readonly order: number;
  /** A word's place among the unigrams. */
  readonly vocabulary: ReadonlyMap<string, number>;
  readonly levels: readonly Level[];
  readonly unknown: number | undefined;
}

/** What KenLM gives an unknown word where the model has no `<unk>`. */
const unknownScore = -100;

/** Bytes of the tables, the words' texts left out. */
export function tableBytes({ levels }: NgramModel): number {
  return levels
    .flatMap(({ words, probabilities, backoffs, children }) => [words, probabilities, backoffs, children])
    .reduce((sum, table) => sum + (table?.byteLength ?? 0), 0);
}

/** The number of a word; `<unk>`'s for one that the model does not know, -1 where it has none. */
export function wordOf({ vocabulary, unknown }: NgramModel, word: string): number {
  return vocabulary.get(word) ?? unknown ?? -1;
}

/** Where an n-gram stands in its level, or -1. */
export function placeOf(levels: readonly Level[], ngram: ArrayLike<number>, start = 0): number {
  let place = ngram[start] ?? -1;
  if (place >= (levels[0]?.words.length ?? 0)) return -1;
  for (let i = start + 1; i < ngram.length && place >= 0; i++) {
    const above = levels[i - start - 1];
    const level = levels[i - start];
    if (above?.children === undefined || level === undefined) return -1;
    place = find(
      level.words,
      ngram[i] as number,
      above.children[place] as number,
      above.children[place + 1] as number,
    );
  }
  return place;
}

/** Binary search among the sorted children of one parent. */
function find(words: Uint32Array, word: number, from: number, to: number): number {
  let [low, high] = [from, to];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const value = words[middle] as number;
    if (value === word) return middle;
    if (value < word) low = middle + 1;
    else high = middle;
  }
  return -1;
}

/**
 * log10 P(word | context), backing off as far as needed.
 * @param context numbers of the words before; only the last order - 1 count
 */
export function scoreWord(model: NgramModel, context: readonly number[], word: number): number {
  const { levels, order } = model;
  if (word < 0) return unknownScore;
  const near = context.slice(Math.max(0, context.length - (order - 1)));
  let backedOff = 0;
  for (let start = 0; start <= near.length; start++) {
    const length = near.length - start + 1;
    const place = placeOf(levels, [...near.slice(start), word]);
    if (place >= 0) return backedOff + (levels[length - 1]?.probabilities[place] as number);
    if (start === near.length) break;
    const before = placeOf(levels, near, start);
    if (before >= 0) backedOff += levels[length - 2]?.backoffs?.[before] ?? 0;
  }
  return unknownScore + backedOff;
}

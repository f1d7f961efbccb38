/** @file A letter lexicon as a trie: which words the tokens so far may still become, and the best score among them. */
import { UserError } from '../base/errors.js';
import { readText } from '../base/text.js';

export interface LexiconNode {
  /** Its place among all nodes, the root's being 0. */
  readonly number: number;
  readonly children: Map<number, LexiconNode>;
  /** Words that end here, as places in the word list. */
  readonly words: number[];
  /** The best score of the words that end here or below ('smearing', max). */
  best: number;
}

export interface LexiconEntry {
  readonly word: string;
  /** Tokens; the last one is the word boundary where the tokens have one. */
  readonly spelling: readonly number[];
}

/** @param scores of each entry, by which its nodes look ahead */
export function lexiconTrie(entries: readonly LexiconEntry[], scores: readonly number[]): LexiconNode {
  let nodes = 0;
  const newNode = (): LexiconNode => ({
    number: nodes++,
    children: new Map(),
    words: [],
    best: Number.NEGATIVE_INFINITY,
  });
  const root = newNode();
  entries.forEach(({ spelling }, i) => {
    const score = scores[i] as number;
    let node = root;
    node.best = Math.max(node.best, score);
    for (const token of spelling) {
      const child = node.children.get(token) ?? newNode();
      node.children.set(token, child);
      child.best = Math.max(child.best, score);
      node = child;
    }
    node.words.push(i);
  });
  return root;
}

/**
 * Reads a lexicon: a word a line, then its tokens with spaces between (`CAT C A T |`).
 * @throws UserError naming the line whose tokens are not the head's
 */
export async function readLexicon(file: string, tokens: readonly string[]): Promise<LexiconEntry[]> {
  const text = await readText(file);
  const places = new Map(tokens.map((token, i) => [token, i]));
  return text.split(/\r?\n/).flatMap((line, i) => {
    const [word, ...spelling] = line.trim().split(/\s+/);
    if (word === undefined || word === '') return [];
    const numbers = spelling.map((token) => places.get(token));
    const wrong = numbers.indexOf(undefined);
    if (spelling.length > 0 && wrong < 0) return [{ word, spelling: numbers as number[] }];
    throw new UserError(
      spelling.length === 0 ? `'${word}' has no spelling` : `'${spelling[wrong]}' is not a token of the head`,
      { file, line: i + 1, hint: 'Expected a word and its tokens on each line: CAT C A T |' },
    );
  });
}

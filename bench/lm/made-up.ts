/** @file A made-up 3-gram model in the ARPA format, of any size. */
import { randomStream } from '../../src/base/random.js';

/**
 * Chunks of the file. Every bigram continues a word, every trigram a bigram, spread evenly; last words differ among those
 * that continue the same.
 * @param counts unigrams (the first ones are <unk>, <s> and </s>), bigrams, trigrams
 */
export function* madeUpArpa(counts: readonly [number, number, number]): Generator<string> {
  const [words, bigrams, trigrams] = counts;
  const random = randomStream(1, 'made-up ARPA');
  const nameOf = (word: number): string => ['<unk>', '<s>', '</s>'][word] ?? `WORD${word}`;
  const score = (): string => (-6 * random.uniform()).toFixed(6);
  const steps = (count: number, parents: number): number => Math.max(1, Math.ceil(count / parents));
  const perWord = steps(bigrams, words);
  const perBigram = steps(trigrams, bigrams);
  // Strides that are primes larger than most counts' factors: neighbours' words lie apart.
  const last = (parent: number, k: number): number => (parent * 7919 + k * 104_729) % words;
  const bigram = (i: number): readonly [number, number] => {
    const first = Math.floor(i / perWord);
    return [first, last(first, i % perWord)];
  };
  yield `\\data\\\n${counts.map((count, i) => `ngram ${i + 1}=${count}\n`).join('')}`;
  yield* section(1, words, (i) => `${score()}\t${nameOf(i)}\t${score()}\n`);
  yield* section(2, bigrams, (i) => `${score()}\t${bigram(i).map(nameOf).join(' ')}\t${score()}\n`);
  yield* section(3, trigrams, (i) => {
    const parent = Math.floor(i / perBigram);
    return `${score()}\t${[...bigram(parent), last(parent, i % perBigram)].map(nameOf).join(' ')}\n`;
  });
  yield '\n\\end\\\n';
}

const linesAtOnce = 4096;

function* section(order: number, count: number, line: (i: number) => string): Generator<string> {
  yield `\n\\${order}-grams:\n`;
  for (let start = 0; start < count; start += linesAtOnce) {
    const size = Math.min(linesAtOnce, count - start);
    yield Array.from({ length: size }, (_, k) => line(start + k)).join('');
  }
}

/**
 * @file Estimates n-gram models: interpolated modified Kneser-Ney (Chen & Goodman 1998; Heafield et al. 2013), as lmplz.
 *
 * For texts that fit in memory; nothing is pruned.
 */

/** An n-gram and what an ARPA file says of it, log10. */
export interface NgramLine {
  readonly words: readonly string[];
  readonly probability: number;
  /** Of an n-gram that no other continues 0; of the highest order undefined. */
  readonly backoff: number | undefined;
}

/** What is taken from counts of 1, 2, and 3 or more. */
type Discounts = readonly [one: number, two: number, more: number];

/** Where the counts of counts are too few to estimate discounts (lmplz's --discount_fallback). */
const fallbackDiscounts: Discounts = [0.5, 1, 1.5];

const joint = ' ';
const [begin, end, unknown] = ['<s>', '</s>', '<unk>'];

/**
 * @param sentences words of each
 * @returns the n-grams of every order from 1, sorted by words
 */
export function estimateNgrams(sentences: Iterable<readonly string[]>, order: number): NgramLine[][] {
  const counts = adjustedCounts(sentences, order);
  // <unk> is a word like any other that was never seen; <s> is never predicted.
  const vocabulary = [...(counts[0] as Counts).keys(), unknown].filter((word) => word !== begin);
  const uniform = 1 / vocabulary.length;
  const orders: Order[] = [];
  for (const [i, ofOrder] of counts.entries()) {
    const lower = orders[i - 1];
    orders.push(orderOf(ofOrder, (ngram) => (lower === undefined ? uniform : probabilityOf(lower, ngram))));
  }
  const [first] = orders as [Order, ...Order[]];
  const lines = orders.map(({ probabilities }, i) =>
    [...probabilities].map(([ngram, probability]) =>
      line(ngram, probability, orders[i + 1], i + 1 === order),
    ),
  );
  const unseen = (first.backoffs.get('') as number) * uniform;
  lines[0]?.push(line(unknown, unseen, undefined, order === 1), line(begin, 1, orders[1], order === 1));
  const byWords = (a: NgramLine, b: NgramLine): number =>
    a.words.join(joint) < b.words.join(joint) ? -1 : 1;
  return lines.map((ofOrder) => ofOrder.sort(byWords));
}

type Counts = Map<string, number>;

function line(ngram: string, probability: number, above: Order | undefined, highest: boolean): NgramLine {
  const backoff = highest ? undefined : Math.log10(above?.backoffs.get(ngram) ?? 1);
  return { words: ngram.split(joint), probability: Math.log10(probability), backoff };
}

/** Raw counts of the highest order and of what begins a sentence; else how many different words stand before. */
function adjustedCounts(sentences: Iterable<readonly string[]>, order: number): Counts[] {
  const raw: Counts[] = Array.from({ length: order }, () => new Map());
  for (const sentence of sentences) {
    const words = [begin, ...sentence, end];
    for (let length = 1; length <= order; length++) {
      for (let at = 0; at + length <= words.length; at++) {
        // Shorter n-grams are counted where they begin a sentence alone: the others are derived.
        if (length < order && at > 0) break;
        add(raw[length - 1] as Counts, words.slice(at, at + length).join(joint), 1);
      }
    }
  }
  for (let length = order; length > 1; length--) {
    for (const ngram of (raw[length - 1] as Counts).keys())
      add(raw[length - 2] as Counts, ngram.slice(ngram.indexOf(joint) + 1), 1);
  }
  raw[0]?.delete(begin);
  return raw;
}

function add(counts: Counts, key: string, count: number): void {
  counts.set(key, (counts.get(key) ?? 0) + count);
}

/** One order's interpolated probabilities, and by context what is left for the lower order. */
interface Order {
  readonly probabilities: ReadonlyMap<string, number>;
  readonly backoffs: ReadonlyMap<string, number>;
}

function orderOf(counts: Counts, lowerProbability: (shorter: string) => number): Order {
  const discounts = discountsOf(counts);
  const totals = new Map<string, { total: number; taken: number }>();
  for (const [ngram, count] of counts) {
    const context = contextOf(ngram);
    const sums = totals.get(context) ?? { total: 0, taken: 0 };
    sums.total += count;
    sums.taken += discountOf(discounts, count);
    totals.set(context, sums);
  }
  const backoffs = new Map([...totals].map(([context, { total, taken }]) => [context, taken / total]));
  const probabilities = new Map<string, number>();
  for (const [ngram, count] of counts) {
    const context = contextOf(ngram);
    const { total } = totals.get(context) as { total: number };
    const own = (count - discountOf(discounts, count)) / total;
    const shorter = ngram.slice(ngram.indexOf(joint) + 1);
    probabilities.set(ngram, own + (backoffs.get(context) as number) * lowerProbability(shorter));
  }
  return { probabilities, backoffs };
}

function probabilityOf({ probabilities }: Order, ngram: string): number {
  const found = probabilities.get(ngram);
  if (found === undefined) throw new Error(`the lower order lacks '${ngram}'`);
  return found;
}

const contextOf = (ngram: string): string => ngram.slice(0, Math.max(0, ngram.lastIndexOf(joint)));

const discountOf = (discounts: Discounts, count: number): number =>
  discounts[Math.min(count, 3) - 1] as number;

/** Chen and Goodman's closed form; the fallback where a count of counts is missing or a discount is out of range. */
function discountsOf(counts: Counts): Discounts {
  const of = [0, 0, 0, 0, 0];
  for (const count of counts.values()) if (count < 5) of[count] = (of[count] as number) + 1;
  const [, n1, n2, n3, n4] = of as [number, number, number, number, number];
  if (n1 === 0 || n2 === 0 || n3 === 0) return fallbackDiscounts;
  const y = n1 / (n1 + 2 * n2);
  const discounts: Discounts = [1 - (2 * y * n2) / n1, 2 - (3 * y * n3) / n2, 3 - (4 * y * n4) / n3];
  return discounts.every((discount, i) => discount >= 0 && discount <= i + 1) ? discounts : fallbackDiscounts;
}

/** The model as the lines of an ARPA file. */
export function* arpaLines(orders: readonly (readonly NgramLine[])[]): Generator<string> {
  yield '\\data\\\n';
  for (const [i, { length }] of orders.entries()) yield `ngram ${i + 1}=${length}\n`;
  for (const [i, ngrams] of orders.entries()) {
    yield `\n\\${i + 1}-grams:\n`;
    for (const { words, probability, backoff } of ngrams) {
      const text = `${shown(probability)}\t${words.join(joint)}`;
      yield backoff === undefined ? `${text}\n` : `${text}\t${shown(backoff)}\n`;
    }
  }
  yield '\n\\end\\\n';
}

/** Seven digits: what a 32-bit number holds. */
const shown = (value: number): string => String(Number(value.toPrecision(7)));

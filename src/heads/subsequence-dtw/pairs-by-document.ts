/** @file The pairs of a split by document, and scores of pairs brought to one scale a query. */
import type { Pair } from '../../data/pairs.js';

/** A query of a split. */
export interface Query {
  /** Its place among the features. */
  readonly place: number;
  /** Its pairs, by their places in the split. */
  readonly pairs: readonly number[];
}

/** A document of a split, and the queries it is searched for. */
export interface SearchedDocument {
  readonly place: number;
  readonly pairs: readonly { readonly pair: number; readonly query: number }[];
}

export interface Search {
  readonly queries: readonly Query[];
  readonly documents: readonly SearchedDocument[];
}

/**
 * @param pairs whose first is the query, whose second the document
 * @param places of the split's utterances among the features
 */
export function searchOf(pairs: readonly Pair[], places: readonly number[]): Search {
  const queries = new Map<number, { readonly index: number; readonly place: number; pairs: number[] }>();
  const documents = new Map<number, { pair: number; query: number }[]>();
  for (const [pair, { first, second }] of pairs.entries()) {
    const query = queries.get(first) ?? { index: queries.size, place: places[first] ?? 0, pairs: [] };
    queries.set(first, query);
    query.pairs.push(pair);
    const wanted = documents.get(second) ?? [];
    documents.set(second, wanted);
    wanted.push({ pair, query: query.index });
  }
  return {
    queries: [...queries.values()].map(({ place, pairs: own }) => ({ place, pairs: own })),
    documents: [...documents].map(([second, wanted]) => ({ place: places[second] ?? 0, pairs: wanted })),
  };
}

const leastDeviation = 1e-9;

/** Scores with mean 0 and (population's) deviation 1 over the documents of each query. */
export function normalizedScores(scores: Float32Array, queries: readonly Query[]): Float64Array {
  const normalized = new Float64Array(scores.length);
  for (const { pairs } of queries) {
    const mean = pairs.reduce((sum, pair) => sum + (scores[pair] as number), 0) / pairs.length;
    const squares = pairs.reduce((sum, pair) => sum + ((scores[pair] as number) - mean) ** 2, 0);
    const deviation = Math.max(Math.sqrt(squares / pairs.length), leastDeviation);
    for (const pair of pairs) normalized[pair] = ((scores[pair] as number) - mean) / deviation;
  }
  return normalized;
}

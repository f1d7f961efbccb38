/** @file Scores of pairs: found document by document, written as predictions; and those of a search that is done. */
import type { Prediction, PredictionWork } from '../../api/head-kind.js';
import type { DtwSpec } from '../../api/head-spec.js';
import type { Features } from '../../features/reader.js';
import { type LayerQueries, type Matcher, matcherOf } from './matching.js';
import type { DtwStored } from './model.js';
import { normalizedScores, type Search, type SearchedDocument, searchOf } from './pairs-by-document.js';
import { type Standards, standardsOf } from './standard.js';

/**
 * What frames are standardised with: over all frames of a split's queries and documents together.
 * @param report told how many of them are done
 */
export function standardsFor(
  features: Features,
  { queries, documents }: Search,
  report: (done: number) => void = () => {},
): Promise<Standards> {
  const places = new Set([...queries.map(({ place }) => place), ...documents.map(({ place }) => place)]);
  return standardsOf(features, [...places], report);
}

/**
 * Writes the scores of a document's pairs: the higher, the closer. Those of queries that are not looked for stay 0.
 * @param scores [layers, pairs]
 */
export async function matchInto(
  scores: Float32Array,
  pairs: number,
  matcher: Matcher,
  document: SearchedDocument,
  layers: readonly LayerQueries[],
): Promise<void> {
  for (const [row, costs] of (await matcher.match(document, layers)).entries())
    for (const [pair, cost] of costs) scores[row * pairs + pair] = -cost;
}

/** Written with four decimals, as the reference does. */
export function predictionsOf(scores: Float32Array, { queries }: Search): Prediction[] {
  return Array.from(normalizedScores(scores, queries), (score) => ({ columns: { score: score.toFixed(4) } }));
}

/**
 * Names the queries that are not looked for.
 * @param nameOf a pair's query
 * @returns undefined where there are none
 */
export function shortQueryRemark(
  features: Features,
  { queries }: Search,
  minimumFrames: number,
  nameOf: (pair: number) => string | undefined,
): string | undefined {
  const short = queries.filter(({ place }) => (features.rows[place] ?? 0) < minimumFrames);
  if (short.length === 0) return undefined;
  const names = short.map(({ pairs: [pair = 0] }) => nameOf(pair) ?? '').join(', ');
  const [what, verb] =
    short.length === 1 ? ['a query has', 'scores'] : [`${short.length} queries have`, 'score'];
  return `${what} fewer than ${minimumFrames} frames and ${verb} 0 with every document: ${names}`;
}

/**
 * Searches other documents for other queries with the hidden state that was chosen. Frames are standardised over these
 * utterances, as over each split before: nothing of that was learnt.
 */
export async function predictByExample(
  { engine, features, places, pairs = [], title, spec, say }: PredictionWork,
  { layer, minimumFrames }: DtwStored,
): Promise<Prediction[]> {
  const search = searchOf(pairs, places);
  const { query } = spec() as DtwSpec;
  const remark = shortQueryRemark(features, search, minimumFrames, (pair) => pairs[pair]?.columns[query]);
  if (remark !== undefined) say?.(remark);
  const standards = await standardsFor(features, search);
  const matcher = matcherOf(engine, features, minimumFrames, title);
  const scores = new Float32Array(pairs.length);
  try {
    const layers = await matcher.prepare(search.queries, standards, [layer]);
    for (const document of search.documents) await matchInto(scores, pairs.length, matcher, document, layers);
    await matcher.release(layers);
  } finally {
    await matcher.dispose();
  }
  return predictionsOf(scores, search);
}

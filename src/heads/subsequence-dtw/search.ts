/** @file Searches documents for spoken queries: every hidden state on dev, the best of them on test. */

import type { HeadResult, HeadWork, Prediction } from '../../api/head-kind.js';
import type { DtwSpec } from '../../api/head-spec.js';
import { runUpdates } from '../../training/loop.js';
import { trainingProgress } from '../../training/progress.js';
import { type Findings, keepSearch, restoredFindings, storedFindings } from './keeping.js';
import { type LayerQueries, type Matcher, matcherOf } from './matching.js';
import type { DtwStored } from './model.js';
import { normalizedScores, type Search, searchOf } from './pairs-by-document.js';
import type { DtwSettings } from './settings.js';
import { standardOfLayer, standardsOf } from './standard.js';

/** The splits that hold pairs. */
const searched = ['dev', 'test'] as const;
type Searched = (typeof searched)[number];

/**
 * Searches dev with every hidden state by itself, and test with the best of them. Nothing is learnt, so that all seeds
 * have one result.
 * @throws the signal's reason when it is interrupted, once what was found is on disk
 */
export async function searchByExample(
  work: HeadWork,
  spec: DtwSpec,
  settings: DtwSettings,
  seeds: readonly number[],
): Promise<HeadResult<DtwStored>[]> {
  const started = performance.now();
  const { features } = work;
  const searches = {
    dev: searchOf(work.pairs?.dev ?? [], work.places.dev),
    test: searchOf(work.pairs?.test ?? [], work.places.test),
  };
  const pairs = (split: Searched): number => work.references[split].length;
  const keeper = await keepSearch(work, spec.kind, settings, seeds);
  const earlierSeconds = keeper.restored?.state.seconds ?? 0;
  const seconds = (): number => earlierSeconds + (performance.now() - started) / 1000;
  const findings: Findings =
    keeper.restored === undefined
      ? {
          dev: new Float32Array(features.layers * pairs('dev')),
          test: new Float32Array(pairs('test')),
          standards: {},
        }
      : restoredFindings(keeper.restored.state);
  const [devDocuments, testDocuments] = [searches.dev.documents.length, searches.test.documents.length];
  const all = devDocuments * features.layers + testDocuments;
  const done = (update: number): number =>
    Math.min(update, devDocuments) * features.layers + Math.max(0, update - devDocuments);
  let update = keeper.restored?.update ?? 0;
  const progress = trainingProgress(work, all, done(update));
  const matcher = matcherOf(work.engine, features, settings.minimumFrames, work.title);
  /** Searches the documents of a split, from where it was interrupted on. */
  const search = async (split: Searched, first: number, layers: readonly number[]): Promise<void> => {
    const { queries, documents } = searches[split];
    if (update >= first + documents.length) return;
    const note = split === 'dev' ? 'every layer on dev' : `layer ${layers[0]} on test`;
    findings.standards[split] ??= await standardsFor(work, searches[split], (read) =>
      progress.update(done(update), `${split}: statistics of ${read} utterances`),
    );
    const prepared = await matcher.prepare(queries, findings.standards[split], layers);
    const scores = findings[split];
    try {
      const reached = await runUpdates<null, ReturnType<typeof storedFindings>>(
        {
          updates: first + documents.length,
          keeper,
          signal: signalOf(work, seeds),
          async step(_, from) {
            await matchInto(scores, pairs(split), matcher, documents[from - first], prepared);
            return null;
          },
          stored: async () => storedFindings(findings, seconds()),
          report: (_, at) => progress.update(done(at), note),
        },
        { update, state: null },
      );
      update = reached.update;
      if (reached.interrupted) signalOf(work, seeds)?.throwIfAborted();
    } finally {
      await matcher.release(prepared);
    }
  };
  try {
    const everyLayer = Array.from({ length: features.layers }, (_, layer) => layer);
    await search('dev', 0, everyLayer);
    const devByLayer = everyLayer.map((layer) => {
      const scores = findings.dev.subarray(layer * pairs('dev'), (layer + 1) * pairs('dev'));
      return work.score(predictionsOf(scores, searches.dev), 'dev');
    });
    const layer = bestOf(devByLayer, work.metric.direction);
    await search('test', devDocuments, [layer]);
    const standards = findings.standards.test;
    if (standards === undefined) throw new Error('test was not searched');
    const remarks = shortQueries(work, spec, settings, searches);
    for (const remark of remarks) work.keepingOf?.(seeds[0] as number).say?.(remark);
    const { mean, deviation } = standardOfLayer(standards, layer);
    const result: HeadResult<DtwStored> = {
      tried: [],
      chosen: null,
      curve: [],
      devByLayer,
      remarks,
      layerWeights: everyLayer.map((each) => (each === layer ? 1 : 0)),
      head: { stored: { layer }, parameters: { mean, deviation } },
      predictions: predictionsOf(findings.test, searches.test),
      earlierSeconds,
    };
    return seeds.map(() => result);
  } finally {
    progress.stop();
    await matcher.dispose();
  }
}

const signalOf = ({ keepingOf }: HeadWork, seeds: readonly number[]): AbortSignal | undefined =>
  keepingOf?.(seeds[0] as number).signal;

/** Over all frames of a split's queries and documents together. */
function standardsFor(work: HeadWork, { queries, documents }: Search, report: (done: number) => void) {
  const places = new Set([...queries.map(({ place }) => place), ...documents.map(({ place }) => place)]);
  return standardsOf(work.features, [...places], report);
}

/** Writes the scores of a document's pairs: the higher, the closer. */
async function matchInto(
  scores: Float32Array,
  pairs: number,
  matcher: Matcher,
  document: Search['documents'][number] | undefined,
  layers: readonly LayerQueries[],
): Promise<void> {
  if (document === undefined) return;
  for (const [row, costs] of (await matcher.match(document, layers)).entries())
    for (const [pair, cost] of costs) scores[row * pairs + pair] = -cost;
}

/** Written with four decimals, as the reference does. */
function predictionsOf(scores: Float32Array, { queries }: Search): Prediction[] {
  return Array.from(normalizedScores(scores, queries), (score) => ({ columns: { score: score.toFixed(4) } }));
}

function bestOf(values: readonly number[], direction: 'higher' | 'lower'): number {
  const sign = direction === 'higher' ? 1 : -1;
  return values.reduce((best, value, i) => (sign * (value - (values[best] as number)) > 0 ? i : best), 0);
}

/** Queries that were not looked for, by name. */
function shortQueries(
  { features, references }: HeadWork,
  { query }: DtwSpec,
  { minimumFrames }: DtwSettings,
  searches: Readonly<Record<Searched, Search>>,
): string[] {
  return searched.flatMap((split) => {
    const names = searches[split].queries.flatMap(({ place, pairs: [pair = 0] }) =>
      (features.rows[place] ?? 0) < minimumFrames ? [references[split][pair]?.[query] ?? ''] : [],
    );
    if (names.length === 0) return [];
    const what = names.length === 1 ? 'a query has' : `${names.length} queries have`;
    const verb = names.length === 1 ? 'scores' : 'score';
    return [
      `${split}: ${what} fewer than ${minimumFrames} frames and ${verb} 0 with every document: ${names.join(', ')}`,
    ];
  });
}

/** @file Searches documents for spoken queries: every hidden state on dev, the best of them on test. */
import type { HeadResult, HeadWork } from '../../api/head-kind.js';
import type { DtwSpec } from '../../api/head-spec.js';
import type { Keeper } from '../../training/keeper.js';
import { runUpdates } from '../../training/loop.js';
import { trainingProgress } from '../../training/progress.js';
import {
  type Findings,
  keepSearch,
  restoredFindings,
  type StoredFindings,
  storedFindings,
} from './keeping.js';
import { type Matcher, matcherOf } from './matching.js';
import type { DtwStored } from './model.js';
import { type Search, searchOf } from './pairs-by-document.js';
import { matchInto, predictionsOf, shortQueryRemark, standardsFor } from './scoring.js';
import type { DtwSettings } from './settings.js';
import { standardOfLayer } from './standard.js';

/** The splits that hold pairs, in the order in which they are searched. */
const searched = ['dev', 'test'] as const;
type Searched = (typeof searched)[number];

/** A search that goes on. */
interface Underway {
  readonly work: HeadWork;
  readonly searches: Readonly<Record<Searched, Search>>;
  readonly findings: Findings;
  readonly matcher: Matcher;
  readonly keeper: Keeper<StoredFindings>;
  readonly signal: AbortSignal | undefined;
  /** Spent so far. */
  readonly seconds: () => number;
  /** Told how many documents of both splits are done. */
  readonly report: (documents: number, note: string) => void;
}

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
  const { features, title } = work;
  const searches = {
    dev: searchOf(work.pairs?.dev ?? [], work.places.dev),
    test: searchOf(work.pairs?.test ?? [], work.places.test),
  };
  const keeping = work.keepingOf?.(seeds[0] as number);
  const keeper = await keepSearch(work, spec.kind, settings, keeping);
  const earlierSeconds = keeper.restored?.state.seconds ?? 0;
  const findings = findingsOf(work, keeper);
  const matcher = matcherOf(work.engine, features, settings.minimumFrames, title);
  const devDocuments = searches.dev.documents.length;
  // A document of dev is searched in every layer, one of test in one.
  const cost = (documents: number): number =>
    Math.min(documents, devDocuments) * features.layers + Math.max(0, documents - devDocuments);
  const before = keeper.restored?.update ?? 0;
  const progress = trainingProgress(work, cost(devDocuments + searches.test.documents.length), cost(before));
  const underway: Underway = {
    ...{ work, searches, findings, matcher, keeper, signal: keeping?.signal },
    seconds: () => earlierSeconds + (performance.now() - started) / 1000,
    report: (documents, note) => progress.update(cost(documents), note),
  };
  try {
    const everyLayer = Array.from({ length: features.layers }, (_, layer) => layer);
    await searchSplit(underway, 'dev', before, everyLayer);
    const devByLayer = everyLayer.map((layer) => scoreOfLayer(underway, layer));
    const layer = bestOf(devByLayer, work.metric.direction);
    await searchSplit(underway, 'test', Math.max(before, devDocuments), [layer]);
    const remarks = shortQueries(work, spec, settings, searches);
    for (const remark of remarks) keeping?.say?.(remark);
    const result: HeadResult<DtwStored> = {
      tried: [],
      chosen: null,
      curve: [],
      devByLayer,
      remarks,
      layerWeights: everyLayer.map((each) => (each === layer ? 1 : 0)),
      head: headOf(findings, layer, settings),
      predictions: predictionsOf(findings.test, searches.test),
      earlierSeconds,
    };
    return seeds.map(() => result);
  } finally {
    progress.stop();
    await matcher.dispose();
  }
}

/** What an interrupted search found, or room for what is to be found. */
function findingsOf({ features, references }: HeadWork, { restored }: Keeper<StoredFindings>): Findings {
  if (restored !== undefined) return restoredFindings(restored.state);
  return {
    dev: new Float32Array(features.layers * references.dev.length),
    test: new Float32Array(references.test.length),
    standards: {},
  };
}

/**
 * Searches the documents of a split that are not searched yet.
 * @param done documents of both splits
 */
async function searchSplit(
  underway: Underway,
  split: Searched,
  done: number,
  layers: readonly number[],
): Promise<void> {
  const { work, searches, findings, matcher, keeper, signal, report, seconds } = underway;
  const { queries, documents } = searches[split];
  const first = split === 'dev' ? 0 : searches.dev.documents.length;
  const updates = first + documents.length;
  if (done >= updates) return;
  findings.standards[split] ??= await standardsFor(work.features, searches[split], (read) => {
    signal?.throwIfAborted();
    report(done, `${split}: statistics of ${read} utterances`);
  });
  const prepared = await matcher.prepare(queries, findings.standards[split], layers);
  const pairs = work.references[split].length;
  const note = split === 'dev' ? 'every layer on dev' : `layer ${layers[0]} on test`;
  try {
    const { interrupted } = await runUpdates<null, StoredFindings>(
      {
        ...{ updates, keeper, signal },
        async step(_, from) {
          const document = documents[from - first];
          if (document !== undefined) await matchInto(findings[split], pairs, matcher, document, prepared);
          return null;
        },
        stored: async () => storedFindings(findings, seconds()),
        report: (_, at) => report(at, note),
      },
      { update: done, state: null },
    );
    if (interrupted) signal?.throwIfAborted();
  } finally {
    await matcher.release(prepared);
  }
}

function scoreOfLayer({ work, searches, findings }: Underway, layer: number): number {
  const pairs = work.references.dev.length;
  const scores = findings.dev.subarray(layer * pairs, (layer + 1) * pairs);
  return work.score(predictionsOf(scores, searches.dev), 'dev');
}

function bestOf(values: readonly number[], direction: 'higher' | 'lower'): number {
  const sign = direction === 'higher' ? 1 : -1;
  return values.reduce((best, value, i) => (sign * (value - (values[best] as number)) > 0 ? i : best), 0);
}

function headOf(
  { standards }: Findings,
  layer: number,
  { minimumFrames }: DtwSettings,
): HeadResult<DtwStored>['head'] {
  if (standards.test === undefined) throw new Error('test was not searched');
  const { mean, deviation } = standardOfLayer(standards.test, layer);
  return { stored: { layer, minimumFrames }, parameters: { mean, deviation } };
}

/** Queries that were not looked for, by name. */
function shortQueries(
  { features, references }: HeadWork,
  { query }: DtwSpec,
  { minimumFrames }: DtwSettings,
  searches: Underway['searches'],
): string[] {
  return searched.flatMap((split) => {
    const nameOf = (pair: number): string | undefined => references[split][pair]?.[query];
    const remark = shortQueryRemark(features, searches[split], minimumFrames, nameOf);
    return remark === undefined ? [] : [`${split}: ${remark}`];
  });
}

/** @file A search by example against dtw-python and scipy, on every engine; interrupted, it ends as one that was not. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { qbe } from '../../../tasks/qbe/index.js';
import fixture from '../../../test/fixtures/dtw/search.json' with { type: 'json' };
import type { HeadResult, HeadWork, Keeping } from '../../api/head-kind.js';
import type { Columns, Split } from '../../api/task.js';
import { float32 } from '../../base/host-tensor.js';
import { randomStream } from '../../base/random.js';
import type { Pair } from '../../data/pairs.js';
import type { Engine } from '../../engine/engine.js';
import { engineUnderTest, testEngines } from '../../engine/engines.fixture.js';
import { heldFeatures, rowsOf, workOf } from '../toy-work.fixture.js';
import { type DtwStored, dtwForward } from './model.js';
import { predictByExample } from './scoring.js';
import { searchByExample } from './search.js';
import { dtwSettingsSchema } from './settings.js';

const { queries, documents } = fixture.search;
const dim = 5;
const settings = dtwSettingsSchema.parse({});
const spec = { kind: 'subsequence-dtw', query: 'query' } as const;

/** The truth that suits the scores of the fixture: the first query in the first document, the second in the third. */
const occurs = (query: number, document: number): boolean =>
  (query === 0 && document === 0) || (query === 1 && document === 2);

/** Every query with every document. */
const pairs: readonly Pair[] = queries.flatMap((_, query) =>
  documents.map((__, document) => ({
    id: `q${query} d${document}`,
    first: query,
    second: queries.length + document,
    columns: {
      query: `q${query}`,
      document: `d${document}`,
      target: occurs(query, document) ? '1' : '0',
    },
    file: 'pairs.csv',
    line: 2,
  })),
);

/** Two hidden states, one of noise alone and the fixture's; test is dev once more. */
function work(engine: Engine, keeping?: Keeping, stateAt = 1): HeadWork {
  const random = randomStream(3, 'noise');
  const states = [...queries, ...documents].map((frames) => {
    const own = frames.flat();
    const noise = own.map(() => random.normal());
    return Float32Array.from(stateAt === 1 ? [...noise, ...own] : [...own, ...noise]);
  });
  const references: Record<Split, Columns[]> = {
    train: [],
    dev: pairs.map(({ columns }) => columns),
    test: pairs.map(({ columns }) => columns),
  };
  const toy = workOf(engine, heldFeatures(2, dim, states), references, {
    metric: qbe.metrics[0],
    score: (predictions, wanted) => qbe.evaluate(rowsOf(predictions, wanted)).mtwv?.value ?? Number.NaN,
  });
  const places = states.map((_, place) => place);
  return {
    ...toy,
    places: { train: [], dev: places, test: places },
    pairs: { dev: pairs, test: pairs },
    keepingOf: keeping && (() => keeping),
  };
}

const scoresOf = ({ predictions }: HeadResult): number[] =>
  predictions.map(({ columns }) => Number(columns.score));

describe.each(testEngines)('a search on %s', (name) => {
  it('gives the scores of the recipe, with the best layer on dev', async () => {
    const [result, twin] = await searchByExample(work(await engineUnderTest(name)), spec, settings, [1, 2]);
    if (result === undefined) throw new Error('no result');
    const expected = fixture.search.scores.flat().map(Number);
    for (const [i, score] of scoresOf(result).entries()) expect(score).toBeCloseTo(expected[i] ?? NaN, 3);
    expect(result.devByLayer?.[1]).toBeGreaterThan(result.devByLayer?.[0] ?? Number.NaN);
    expect(result).toMatchObject({
      chosen: null,
      tried: [],
      layerWeights: [0, 1],
      head: { stored: { layer: 1 } },
    });
    const { mean, deviation } = result.head.parameters;
    for (const [i, value] of fixture.search.mean.entries()) expect(mean?.data[i]).toBeCloseTo(value, 5);
    for (const [i, value] of fixture.search.deviation.entries())
      expect(deviation?.data[i]).toBeCloseTo(value, 5);
    // Nothing is learnt: a seed changes nothing.
    expect(twin).toBe(result);
  });
});

describe('a search', () => {
  let engine: Engine;
  let folder: string;
  beforeAll(async () => {
    engine = await engineUnderTest('onnx');
    folder = await mkdtemp(join(tmpdir(), 'ehmam-search-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('names queries of fewer frames than are looked for', async () => {
    const [result] = await searchByExample(work(engine), spec, settings, [1]);
    expect(result?.remarks).toEqual(
      ['dev', 'test'].map(
        (split) => `${split}: a query has fewer than 5 frames and scores 0 with every document: q2`,
      ),
    );
    const all = await searchByExample(work(engine), spec, dtwSettingsSchema.parse({ minimumFrames: 1 }), [1]);
    expect(all[0]?.remarks).toEqual([]);
    expect(
      all[0] &&
        scoresOf(all[0])
          .slice(8)
          .some((score) => Math.abs(score) > 0.1),
    ).toBe(true);
  });

  it('takes the first of layers that are equally good', async () => {
    const once = work(engine);
    const [result] = await searchByExample({ ...once, score: () => 0.5 }, spec, settings, [1]);
    expect(result?.head.stored.layer).toBe(0);
  });

  it('stops at Ctrl-C after any document, and goes on from there to the same result', async () => {
    const [whole] = await searchByExample(work(engine), spec, settings, [1]);
    const said: string[] = [];
    for (const stopAfter of [1, 3, 4, 6]) {
      const file = join(folder, `after-${stopAfter}.safetensors`);
      const controller = new AbortController();
      const keeping = { file, origin: {}, everySeconds: 0, say: (text: string) => said.push(text) };
      let reports = 0;
      const interrupted = {
        ...work(engine, { ...keeping, signal: controller.signal }),
        onProgress: (_: number, note?: string) => {
          if (note?.includes('layer') && ++reports === stopAfter) controller.abort(new Error('Ctrl-C'));
        },
      };
      await expect(searchByExample(interrupted, spec, settings, [1])).rejects.toThrow('Ctrl-C');
      expect(existsSync(file)).toBe(true);
      const [rest] = await searchByExample(work(engine, keeping), spec, settings, [1]);
      expect(rest?.predictions).toEqual(whole?.predictions);
      expect(rest?.head).toEqual(whole?.head);
      expect(said).toContain(`toy head: resuming from document ${stopAfter}`);
    }
    expect(said).toContain('test: a query has fewer than 5 frames and scores 0 with every document: q2');
  });

  it('finds the same again where its head is evaluated on the same utterances, and names short queries', async () => {
    const once = work(engine);
    const [result] = await searchByExample(once, spec, settings, [1]);
    if (result === undefined) throw new Error('no result');
    const said: string[] = [];
    const say = (remark: string): number => said.push(remark);
    const again = { ...once, places: once.places.test, pairs, spec: () => spec, say };
    expect(await predictByExample(again, result.head.stored)).toEqual(result.predictions);
    expect(said).toEqual(['a query has fewer than 5 frames and scores 0 with every document: q2']);
  });

  it('starts anew where the checkpoint is of other work', async () => {
    const file = join(folder, 'other.safetensors');
    const said: string[] = [];
    const keeping = { file, origin: {}, everySeconds: 0, say: (text: string) => said.push(text) };
    await searchByExample(work(engine, keeping), spec, settings, [1]);
    const other = { ...keeping, origin: { manifest: 'another' } };
    const [result] = await searchByExample(work(engine, other), spec, settings, [1]);
    expect(said.join()).toContain('a different training');
    expect(result?.predictions).toHaveLength(pairs.length);
  });

  it('gives its frames, standardised and of length 1, where it is exported', async () => {
    const stored: DtwStored = { layer: 1, minimumFrames: 5 };
    const program = engine.compile(
      ({ states, ...parameters }: Parameters<typeof dtwForward>[1]) =>
        dtwForward(stored, parameters, states as NonNullable<typeof states>),
      { name: 'frames' },
    );
    const frames = queries[0] ?? [];
    const { mean, deviation } = fixture.search;
    const { frames: given } = await program.run({
      states: float32([2, 1, frames.length, dim], [...frames.flat().map(() => 0), ...frames.flat()]),
      mean: float32([dim], mean),
      deviation: float32([dim], deviation),
    });
    await program.dispose();
    const first = (frames[0] ?? []).map((value, i) => (value - (mean[i] ?? 0)) / (deviation[i] ?? 1));
    const length = Math.hypot(...first);
    expect(given.shape).toEqual([1, frames.length, dim]);
    for (const [i, value] of first.entries()) expect(given.data[i]).toBeCloseTo(value / length, 5);
  });
});

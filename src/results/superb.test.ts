/** @file The SUPERB score against the published ones. */
import { expect, it } from 'vitest';
import { builtInTasks } from '../../tasks/index.js';
import {
  directionOf,
  inPublishedUnit,
  publishedFraction,
  readSuperb,
  superbName,
  superbScore,
  superbTasks,
} from './superb.js';

const superb = readSuperb();
const scored = superb.rows.filter((row) => row.published_superb_score !== null);

it('has 28 rows with a published score', () => {
  expect(scored).toHaveLength(28);
});

it.each(scored)('gives $encoder its published score, $published_superb_score', (row) => {
  const score = superbScore(row.metrics, superb.superb_score) ?? Number.NaN;
  expect(Math.round(score)).toBe(row.published_superb_score);
});

it('gives FBANK 0 and the state of the art 1000', () => {
  const { baseline, sota } = superb.superb_score;
  expect(superbScore(baseline, superb.superb_score)).toBe(0);
  expect(superbScore(sota, superb.superb_score)).toBe(1000);
});

// (96.3 - 41.3826674) / (96.66 - 41.3826674).
it('scores some of the tasks: HuBERT Base on KS alone', () => {
  const row = scored.find(({ encoder }) => encoder === 'HuBERT Base');
  expect(superbScore(row?.metrics ?? {}, superb.superb_score, ['KS'])).toBeCloseTo(
    (1000 * 54.9173326) / 55.2773326,
    9,
  );
});

it('gives no score where a metric is missing', () => {
  expect(superbScore({ 'ASR.wer': 5 }, superb.superb_score)).toBeUndefined();
});

it('says where every row is from', () => {
  for (const { encoder, source } of superb.rows) expect(superb.sources, encoder).toHaveProperty([source]);
  expect(new Set(superb.rows.map(({ encoder }) => encoder)).size).toBe(superb.rows.length);
});

it('has a task of ours for each of its ten, with metrics of the same names and directions', () => {
  const names = new Map(Object.keys(superb.superb_score.baseline).map((name) => [name.toLowerCase(), name]));
  const ours = builtInTasks.flatMap(({ name, metrics }) =>
    metrics.flatMap(({ name: metric, direction }) => {
      const published = names.get(superbName(name, metric));
      return published === undefined ? [] : [[published, direction] as const];
    }),
  );
  expect(new Map(ours).size).toBe(names.size);
  for (const [name, direction] of ours) expect(direction, name).toBe(directionOf(name, superb.superb_score));
  expect(superbTasks(superb.superb_score)).toHaveLength(10);
});

it('knows the metrics of all ten tasks, their directions and units', () => {
  const names = Object.keys(superb.superb_score.baseline);
  expect(names.map((name) => [name, directionOf(name, superb.superb_score)])).toEqual([
    ['PR.per', 'lower'],
    ['ASR.wer', 'lower'],
    ['KS.acc', 'higher'],
    ['IC.acc', 'higher'],
    ['SID.acc', 'higher'],
    ['SF.f1', 'higher'],
    ['SF.cer', 'lower'],
    ['ER.acc', 'higher'],
    ['ASV.eer', 'lower'],
    ['SD.der', 'lower'],
    ['QbE.mtwv', 'higher'],
  ]);
  expect([publishedFraction('SD.der', 5.62), publishedFraction('QbE.mtwv', 0.0736)]).toEqual([
    0.0562, 0.0736,
  ]);
  expect([inPublishedUnit('SD.der', 0.0562), inPublishedUnit('QbE.mtwv', 0.0736)]).toEqual([5.62, 0.0736]);
});

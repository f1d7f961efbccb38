/** @file The SUPERB score against the published ones. */
import { expect, it } from 'vitest';
import { readSuperb, superbScore } from './superb.js';

const superb = readSuperb();
const scored = superb.rows.filter((row) => row.published_superb_score !== null);

it('has 12 rows with a published score', () => {
  expect(scored).toHaveLength(12);
});

it.each(scored)('gives $encoder its published score $published_superb_score, but for one', (row) => {
  const score = superbScore(row.metrics, superb.superb_score) ?? Number.NaN;
  if (row.encoder === 'WavLM Large') expect(score).toBeCloseTo(1144.493, 3);
  else expect(Math.round(score)).toBe(row.published_superb_score);
});

// WavLM Large stands at 1145 and its printed metrics give 1144.493: 0.007 too little. Metrics are printed with two
// decimals (QbE: four), and what was rounded away can move the score by 0.4, so that the board counted with more digits
// explains it.
it('gives WavLM Large 1145 from metrics that are printed as its own are', () => {
  const { metrics } = scored.find(({ encoder }) => encoder === 'WavLM Large') ?? {
    metrics: {} as Record<string, number | null>,
  };
  const { baseline, sota } = superb.superb_score;
  const score = (share: number) =>
    superbScore(
      Object.fromEntries(
        Object.entries(metrics).map(([name, value]) => {
          const half = name === 'QbE.mtwv' ? 0.00005 : 0.005;
          const better = Math.sign((sota[name] ?? 0) - (baseline[name] ?? 0));
          return [name, (value ?? 0) + share * half * better];
        }),
      ),
      superb.superb_score,
    ) ?? Number.NaN;
  expect(score(1) - score(0)).toBeCloseTo(0.4, 2);
  expect(Math.round(score(0.05))).toBe(1145);
});

it('scores some of the tasks: HuBERT Base on KS alone is (96.3 - 41.38) / (96.66 - 41.38)', () => {
  const row = scored.find(({ encoder }) => encoder === 'HuBERT Base');
  expect(superbScore(row?.metrics ?? {}, superb.superb_score, ['KS'])).toBeCloseTo((1000 * 54.92) / 55.28, 9);
});

it('gives no score where a metric is missing', () => {
  expect(superbScore({ 'ASR.wer': 5 }, superb.superb_score)).toBeUndefined();
});

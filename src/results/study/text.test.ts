/** @file The report of a study as people read it. */
import { describe, expect, it } from 'vitest';
import type { StudyReport } from './study.js';
import { studyMarkdown, verdictLines } from './text.js';

const over = (mean: number) => ({ mean, deviation: 0.01, seeds: 3 });
const cell = { size: 'tiny', task: 'ks', metric: 'accuracy', direction: 'higher', values: [] } as const;
const verdict = {
  size: 'tiny',
  strategy: 'hard',
  task: 'ks',
  metric: 'accuracy',
  direction: 'higher',
} as const;
const report: StudyReport = {
  format: 'ehmam study 1',
  design: {
    name: 'maskings',
    baseline: 'random',
    strategies: ['random', 'hard'],
    sizes: ['tiny'],
    seeds: [1, 2, 3],
    budget: { hours: 4 },
    tasks: ['ks'],
    arms: ['random', 'hard'].flatMap((strategy) =>
      [1, 2, 3].map((seed) => ({
        ...{ encoder: `tiny.${strategy}.seed${seed}`, size: 'tiny', strategy, seed },
        ...{ updates: 600, framesEach: 1280 },
      })),
    ),
  },
  cells: [
    { ...cell, strategy: 'random', ...over(0.5), interval: [0.45, 0.55] },
    { ...cell, strategy: 'hard', ...over(0.6), interval: [0.55, 0.65] },
  ],
  references: [{ encoder: 'fbank', task: 'ks', metric: 'accuracy', value: 0.7, interval: undefined }],
  verdicts: [
    {
      ...verdict,
      verdict: 'better',
      difference: 0.1,
      interval: [0.05, 0.15],
      pValue: 0.0004,
      detectable: 0.07,
    },
  ],
  trainings: ['random', 'hard'].map((strategy) => ({
    size: 'tiny',
    strategy,
    maskedFraction: over(0.4),
    hardShare: undefined,
    reconstruction: over(0.9),
    correlation: { teacher: over(0.25), student: over(0.68) },
    information: undefined,
    speech: { all: over(0.6), hard: over(0.7), random: over(0.6), own: over(0.65) },
    curves: [
      {
        ...{ task: 'ks', metric: 'accuracy', direction: 'higher' },
        points: Array.from({ length: 31 }, (_, i) => ({ update: 20 * i, ...over(0.3 + i / 100) })),
      },
    ],
    seconds: { updates: 3600, probes: 360 },
  })),
  hours: { pretraining: 2, probes: 0.2, features: 0.1, heads: 0.5 },
  missing: [],
};

describe('the report of a study', () => {
  it('says better or worse with the difference, its interval and its p-value', () => {
    expect(verdictLines(report)).toEqual([
      'ks: hard is **better** than random: accuracy +10.0 (+5.0 to +15.0), p < 0.001',
      '1 comparison, p-values corrected by Holm; intervals are 95 %, over 3 seeds and the test set',
    ]);
  });

  it('says what could have been seen where nothing was, and why there is no verdict', () => {
    const none = {
      ...verdict,
      verdict: 'no difference',
      difference: -0.004,
      interval: [-0.03, 0.02],
    } as const;
    const [first, second] = verdictLines({
      ...report,
      verdicts: [
        { ...none, pValue: 0.81, detectable: 0.0612 },
        { ...verdict, verdict: 'not tested', why: 'predictions are missing' },
      ],
    });
    expect(first).toBe(
      'ks: **no difference** between hard and random: accuracy −0.4 (−3.0 to +2.0), p = 0.810; could have seen 6.1 points',
    );
    expect(second).toBe('ks: hard and random could not be compared: predictions are missing');
  });

  it('has the budget, means with intervals, probes in few columns, trainings and hours', () => {
    const text = studyMarkdown(report);
    expect(text).toContain('Each training is given 4 hours of audio (tiny: 600 updates, 768,000 frames).');
    expect(text).toContain('| hard | 60.0 ▲ (55.0–65.0) |');
    expect(text).toContain('| fbank | 70.0 |');
    expect(text).toMatch(/\| ks after updates \| 0 \|.* 600 \|\n/);
    expect(text.match(/\| ks after updates .*/)?.[0].split('|')).toHaveLength(11);
    expect(text).toContain(
      '| hard | 40.0 ± 1.0 | — | 0.90 ± 0.01 | 0.25 ± 0.01 | 0.68 ± 0.01 | — | 60.0 / 65.0 |',
    );
    expect(text).toContain(
      '2.80 hours of worker processes: pretraining 2.00, probes 0.20, features 0.10, heads 0.50.',
    );
    expect(text).not.toContain('Not complete');
  });

  it('says how much is missing of a study that is not done', () => {
    const missing = [{ encoder: 'tiny.hard.seed3', task: 'ks' }];
    expect(studyMarkdown({ ...report, missing })).toContain('**Not complete:** 1 of 6 results are missing.');
  });
});

/** @file ER: s3prl's folds bit for bit, the mean over them, and what no fold can be made of. */
import { describe, expect, test } from 'vitest';
import { bootstrapInterval, isStatistic, splits, type Utterance } from '../../src/api/index.js';
import { dataOf } from '../data.fixture.js';
import { er } from './index.js';

/** Utterances of the five sessions and of the parts of each fold: s3prl, downstream/emotion/meta_data. */
const sessions = [1085, 1023, 1151, 1031, 1241];
const [train, dev] = [
  [3556, 3606, 3504, 3600, 3432],
  [890, 902, 876, 900, 858],
];
/** The first places of each fold's dev in the list of the other sessions: torch 2.15, permutations.py. */
const firstOfDev = [
  [158, 1584, 1948, 31, 3810],
  [2492, 2070, 3487, 1412, 1353],
  [727, 3355, 377, 4169, 126],
  [991, 4287, 1987, 1943, 1543],
  [1123, 2712, 2150, 1560, 1159],
];
const firstOfTrain = [
  [224, 1110, 4359, 1515, 2505],
  [2020, 562, 1771, 1243, 3815],
  [4004, 4247, 685, 3129, 2991],
  [44, 3198, 3747, 771, 2711],
  [4124, 1899, 1847, 3405, 2103],
];

const labels = ['neu', 'hap', 'ang', 'sad'];

const places = (utterances: readonly Utterance[] = []): number[] =>
  utterances.slice(0, 5).map(({ columns }) => Number(columns.place));

describe("IEMOCAP's folds", () => {
  const rows = sessions.flatMap((count, session) =>
    Array.from({ length: count }, (_, i) => ({
      split: splits[i % 3] ?? 'test',
      columns: { label: labels[i % 4] ?? '', session: `Session${session + 1}`, place: '' },
    })),
  );
  const ordered = rows.map((row, order) => ({ ...row, columns: { ...row.columns, order: String(order) } }));
  // The manifest may have them in any order, and splits do not count.
  const folds = er.folds(dataOf([...ordered].reverse()));

  test('are as many and as large as those of the reference', () => {
    expect(folds.map(({ name }) => name)).toEqual(sessions.map((_, i) => `Session${i + 1}`));
    expect(folds.map(({ data }) => data.train.length)).toEqual(train);
    expect(folds.map(({ data }) => data.dev.length)).toEqual(dev);
    expect(folds.map(({ data }) => data.test.length)).toEqual(sessions);
  });

  test('have the dev and train that s3prl draws, whatever the order of the manifest', () => {
    for (const [k, { data, name }] of folds.entries()) {
      const others = ordered.filter(({ columns }) => columns.session !== name);
      const placeOf = new Map(others.map(({ columns: { order } }, place) => [order, place]));
      const drawn = (utterances: readonly Utterance[]): (number | undefined)[] =>
        utterances.slice(0, 5).map(({ columns }) => placeOf.get(columns.order ?? ''));
      expect(drawn(data.dev), name).toEqual(firstOfDev[k]);
      expect(drawn(data.train), name).toEqual(firstOfTrain[k]);
      const all = [...data.train, ...data.dev].map(({ id }) => id);
      expect(new Set(all).size).toBe(others.length);
    }
  });

  test('follow the manifest where it gives no order', () => {
    const few = rows.slice(0, 1085 + 1023).map((row, place) => ({
      ...row,
      columns: { ...row.columns, place: String(place) },
    }));
    const [first] = er.folds(dataOf(few));
    // The list is session 2: torch.randperm(1023) of seed 0 has no published values, but is the same for both.
    const again = er.folds(dataOf(few.map((row) => ({ ...row, split: 'train' }))));
    expect(places(first?.data.dev)).toEqual(places(again[0]?.data.dev));
    expect(places(first?.data.dev).every((place) => place >= 1085)).toBe(true);
  });
});

const judged = (fold: string, right: number, wrong: number) =>
  Array.from({ length: right + wrong }, (_, i) => ({
    id: `${fold}-${i}`,
    prediction: { label: i < right ? 'a' : 'b' },
    reference: { label: 'a', session: fold, fold },
  }));

test('the accuracy is the mean over folds, with an interval over utterances', () => {
  const rows = [...judged('1', 9, 1), ...judged('2', 10, 30)];
  const { accuracy } = er.evaluate(rows);
  expect(accuracy?.value).toBeCloseTo((0.9 + 0.25) / 2);
  if (accuracy === undefined || !isStatistic(accuracy)) throw new Error('no statistic');
  expect(accuracy.units).toHaveLength(50);
  const [low, high] = bootstrapInterval(accuracy, { seed: 1 });
  // Independent folds: variances 0.09 / 10 and 0.1875 / 40, a quarter of their sum.
  const deviation = Math.sqrt((0.09 / 10 + 0.1875 / 40) / 4);
  expect((high - low) / (2 * 1.96 * deviation)).toBeGreaterThan(0.85);
  expect((high - low) / (2 * 1.96 * deviation)).toBeLessThan(1.15);
});

test('predictions made elsewhere have their sessions for folds', () => {
  const rows = [...judged('1', 9, 1), ...judged('2', 10, 30)].map(
    ({ reference: { fold: _, ...own }, ...row }) => ({
      ...row,
      reference: own,
    }),
  );
  expect(er.evaluate(rows).accuracy?.value).toBeCloseTo((0.9 + 0.25) / 2);
});

describe('refused with file and line', () => {
  const row = (session: string, label: string, order?: string) => ({
    split: 'test',
    columns: { session, label, ...(order !== undefined && { order }) },
  });
  const good = ['s1', 's2'].flatMap((session) =>
    Array.from({ length: 10 }, (_, i) => row(session, i % 2 === 0 ? 'a' : 'b')),
  );

  test.each([
    [
      'a label or session that is missing',
      [...good, row('s1', '')],
      /corpus.csv:22: utterance 'u22' has no label/,
    ],
    ['a single session', good.slice(0, 10), /corpus.csv:2: all utterances are of one session, 's1'/],
    [
      'a single class',
      good.map((one) => row(one.columns.session, 'a')),
      /corpus.csv:2: all utterances have the same label 'a'/,
    ],
    [
      'a fold without a class to test',
      [...good, row('s2', 'c'), row('s2', 'c')],
      /corpus.csv:2: fold 's1' has no test utterance of class 'c' \(which occurs on line 22\)/,
    ],
    [
      'a fold without a class to learn',
      [...good, row('s1', 'c')],
      /corpus.csv:22: fold 's1' has no train utterance of class 'c'/,
    ],
    [
      'an order that is none',
      good.map((one, i) => row(one.columns.session, one.columns.label, i === 3 ? 'x' : String(i))),
      /corpus.csv:5: invalid value for 'order': expected a whole number, got 'x'/,
    ],
    [
      'an order twice',
      good.map((one, i) => row(one.columns.session, one.columns.label, String(i === 3 ? 2 : i))),
      /corpus.csv:5: duplicate order 2 \(first used on line 4\)/,
    ],
  ])('%s', (_, rows, message) => {
    expect(() => er.folds(dataOf(rows))).toThrow(message);
  });
});

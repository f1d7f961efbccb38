/** @file Diarisation errors against pyannote.metrics, and laws that they obey. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bestAssignment } from './assignment.js';
import { diarizationErrorRate, diarizationErrors } from './diarization.js';
import { formatTurns, parseTurns, type Turn } from './turns.js';

/** Made by test/fixtures/scripts/diarization_cases.py. */
const { cases } = JSON.parse(
  readFileSync(new URL('../../test/fixtures/metrics/diarization_cases.json', import.meta.url), 'utf8'),
) as {
  readonly cases: readonly ({ readonly reference: string; readonly system: string } & Record<
    'missed' | 'falseAlarm' | 'confused' | 'spoken',
    number
  >)[];
};

const turn = (speakers: readonly string[]): fc.Arbitrary<Turn> =>
  fc
    .tuple(fc.constantFrom(...speakers), fc.integer({ min: 0, max: 400 }), fc.integer({ min: 1, max: 200 }))
    .map(([speaker, start, length]) => ({ speaker, start: start / 8, end: (start + length) / 8 }));
const turns = fc.array(turn(['a', 'b', 'c']), { maxLength: 8 });

describe('diarizationErrors', () => {
  test('gives what pyannote.metrics gives on 200 random recordings', () => {
    expect(cases).toHaveLength(200);
    expect(cases.filter(({ confused }) => confused > 0).length).toBeGreaterThan(40);
    for (const { reference, system, ...wanted } of cases) {
      const errors = diarizationErrors(parseTurns(reference), parseTurns(system));
      for (const [name, value] of Object.entries(wanted))
        expect(errors[name as keyof typeof errors], `${name} of ${reference} | ${system}`).toBeCloseTo(
          value,
          5,
        );
    }
  });

  test('merges the turns of one speaker that overlap, and counts two speakers at once twice', () => {
    const reference = parseTurns('anna 0 2; anna 1 3; ben 2 4');
    expect(diarizationErrors(reference, parseTurns('x 0 3; y 2 4'))).toEqual({
      ...{ missed: 0, falseAlarm: 0, confused: 0, spoken: 5 },
    });
    // One of two is missed from 2 to 3; y is matched to ben.
    expect(diarizationErrors(reference, parseTurns('x 0 2; y 2 4'))).toMatchObject({
      missed: 1,
      confused: 0,
    });
  });

  test('does not depend on names or order, and is nothing of the reference itself', () => {
    fc.assert(
      fc.property(turns, turns, (reference, system) => {
        const renamed = system.map((each) => ({ ...each, speaker: `${each.speaker}'` })).reverse();
        expect(diarizationErrors(reference, renamed)).toEqual(diarizationErrors(reference, system));
        const { missed, falseAlarm, confused } = diarizationErrors(reference, reference);
        expect([missed, falseAlarm, Math.abs(confused)]).toEqual([0, 0, 0]);
        const [there, back] = [diarizationErrors(reference, system), diarizationErrors(system, reference)];
        expect(back).toMatchObject({ missed: there.falseAlarm, falseAlarm: there.missed });
        expect(back.confused).toBeCloseTo(there.confused, 9);
      }),
    );
  });

  test('sums over recordings: long ones count more', () => {
    const rate = diarizationErrorRate([
      { reference: parseTurns('a 0 9'), system: parseTurns('x 0 9') },
      { reference: parseTurns('a 0 1'), system: [] },
    ]);
    expect(rate.value).toBeCloseTo(0.1, 12);
    expect(() => diarizationErrorRate([{ reference: [], system: [] }])).toThrow(/the metric is undefined/);
  });
});

test('the assignment has the largest sum of all', () => {
  const orders = (columns: readonly number[]): number[][] =>
    columns.length === 0
      ? [[]]
      : columns.flatMap((first) =>
          orders(columns.filter((c) => c !== first)).map((rest) => [first, ...rest]),
        );
  const gains = fc
    .tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 }))
    .chain(([rows, columns]) =>
      fc.array(fc.array(fc.integer({ min: 0, max: 9 }), { minLength: columns, maxLength: columns }), {
        minLength: rows,
        maxLength: rows,
      }),
    );
  fc.assert(
    fc.property(gains, (matrix) => {
      const gain = (order: readonly number[]): number =>
        matrix.reduce((sum, row, i) => sum + (row[order[i] ?? -1] ?? 0), 0);
      const assigned = bestAssignment(matrix);
      const used = assigned.filter((column) => column >= 0);
      expect(new Set(used).size).toBe(used.length);
      const size = Math.max(matrix.length, matrix[0]?.length ?? 0);
      const best = Math.max(...orders(Array.from({ length: size }, (_, i) => i)).map(gain));
      expect(gain(assigned)).toBe(best);
    }),
  );
  expect(bestAssignment([[], []])).toEqual([-1, -1]);
});

describe('turns', () => {
  test('are read and written as text', () => {
    const text = 'anna 0.5 3.25; ben 2 4';
    expect(formatTurns(parseTurns(text))).toBe(text);
    expect(parseTurns(`${text}; `)).toEqual(parseTurns(text));
    expect(parseTurns('  ')).toEqual([]);
  });

  test.each(['anna 0.5', 'anna 2 1', 'anna 1 1', 'anna -1 2', 'anna 0 x', 'a b 0 1', 'anna 0 1;;'])(
    "'%s' is refused",
    (text) => expect(() => parseTurns(text)).toThrow(/invalid turn '.*'. Expected speaker, start and end/),
  );
});

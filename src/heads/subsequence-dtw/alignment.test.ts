/** @file The alignment of a query in a document against dtw-python, and against all its paths. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import fixture from '../../../test/fixtures/dtw/search.json' with { type: 'json' };
import { alignmentCost } from './alignment.js';

const costOf = (distances: readonly (readonly number[])[]): number => {
  const frames = distances[0]?.length ?? 0;
  const values = Float32Array.from(distances.flat());
  return alignmentCost(values, 0, distances.length, frames, new Float64Array(frames));
};

it.each(fixture.alignments)('costs $cost, as dtw-python says', ({ distances, cost }) => {
  expect(costOf(distances)).toBeCloseTo(cost, 6);
});

/** The least sum over all paths: where it begins, and by how much it moves on from row to row. */
function leastOfAll(distances: readonly (readonly number[])[], row = 0, from = -1): number {
  const here = distances[row];
  if (here === undefined) return 0;
  const reachable = row === 0 ? [...here.keys()] : [from, from + 1, from + 2].filter((j) => j < here.length);
  return Math.min(...reachable.map((j) => (here[j] as number) + leastOfAll(distances, row + 1, j)));
}

it('is the least mean over all paths', () => {
  const integers = fc.integer({ min: 0, max: 9 });
  const matrices = fc
    .tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 6 }))
    .chain(([rows, frames]) =>
      fc.array(fc.array(integers, { minLength: frames, maxLength: frames }), {
        minLength: rows,
        maxLength: rows,
      }),
    );
  fc.assert(
    fc.property(matrices, (distances) => {
      expect(costOf(distances)).toBeCloseTo(leastOfAll(distances) / distances.length, 9);
    }),
  );
});

it('reads the rows from where they start', () => {
  const values = Float32Array.from([9, 9, 9, 1, 5, 5, 5, 2, 5]);
  expect(alignmentCost(values, 3, 2, 3, new Float64Array(3))).toBe(1.5);
});

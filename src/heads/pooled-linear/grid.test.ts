/** @file A grid of runs is cut into parts that give it back when they are joined. */
import { expect, test } from 'vitest';
import { adamStart } from '../../nn/adam.js';
import { type Grid, joined, partsOf } from './grid.js';
import { pooledStart } from './model.js';
import { stackRuns } from './runs.js';

function gridOf(projectionSize: number): Grid {
  const [sources, rates] = [
    [{ seed: 1 }, { seed: 2 }],
    [0.1, 0.01, 0.001],
  ];
  const slots = [{ column: 'label', classes: ['a', 'b'] }];
  const parameters = stackRuns(
    sources.flatMap(({ seed }) =>
      rates.map((_, i) => pooledStart(10 * seed + i, 3, 512, slots, projectionSize)),
    ),
  );
  return { sources, rates, parameters, moments: adamStart(parameters) };
}

test('small heads stay together', () => {
  const grid = gridOf(8);
  expect(partsOf(grid, 2)).toEqual([grid]);
});

test.each([
  [1, [3, 3]],
  [2, [3, 3]],
  [3, [2, 1, 2, 1]],
  [16, [1, 1, 1, 1, 1, 1]],
])('for %d threads large heads are cut by source, then by rate, and joined again', (threads, counts) => {
  const grid = gridOf(600);
  const parts = partsOf(grid, threads);
  expect(parts.map(({ rates }) => rates.length)).toEqual(counts);
  expect(parts.every(({ sources }) => sources.length === 1)).toBe(true);
  const again = joined(parts.map(({ parameters }) => parameters));
  for (const [name, { shape, data }] of Object.entries(grid.parameters)) {
    expect(again[name]?.shape).toEqual(shape);
    // Compared as bytes: they are many.
    const bytes = Buffer.from(again[name]?.data.buffer as ArrayBuffer);
    expect(bytes.equals(Buffer.from(data.buffer as ArrayBuffer)), name).toBe(true);
  }
});

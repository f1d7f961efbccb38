/** @file A grid of runs is cut into tiles that give it back when they are joined. */
import { expect, test } from 'vitest';
import { adamStart } from '../nn/adam.js';
import { pooledStart } from './pooled.js';
import { type Grid, joined, tilesOf } from './pooledGrid.js';
import { stackRuns } from './pooledRuns.js';

function gridOf(projectionSize: number): Grid {
  const [seeds, rates] = [
    [1, 2],
    [0.1, 0.01, 0.001],
  ];
  const slots = [{ column: 'label', classes: ['a', 'b'] }];
  const parameters = stackRuns(
    seeds.flatMap((seed) => rates.map((_, i) => pooledStart(10 * seed + i, 3, 512, slots, projectionSize))),
  );
  return { seeds, rates, parameters, moments: adamStart(parameters) };
}

test('small heads stay together', () => {
  const grid = gridOf(8);
  expect(tilesOf(grid)).toEqual([grid]);
});

test.each([
  [200, [2, 1, 2, 1]],
  [600, [1, 1, 1, 1, 1, 1]],
])('heads that are %d wide are cut, rates of one seed together, and joined again', (width, counts) => {
  const grid = gridOf(width);
  const tiles = tilesOf(grid);
  expect(tiles.map(({ rates }) => rates.length)).toEqual(counts);
  expect(tiles.every(({ seeds }) => seeds.length === 1)).toBe(true);
  const again = joined(grid, tiles);
  for (const [name, { shape, data }] of Object.entries(grid.parameters)) {
    expect(again.parameters[name]?.shape).toEqual(shape);
    // Compared as bytes: they are many.
    const bytes = Buffer.from(again.parameters[name]?.data.buffer as ArrayBuffer);
    expect(bytes.equals(Buffer.from(data.buffer as ArrayBuffer)), name).toBe(true);
  }
});

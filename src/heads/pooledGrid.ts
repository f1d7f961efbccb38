/** @file The runs that are trained together, seeds by rates: shrunk as runs end, and cut so that the caches hold them. */
import { type HostParameters, sizeOf } from '../engine/tree.js';
import type { AdamState } from '../nn/adam.js';
import { runOf, stackRuns } from './pooledRuns.js';
import type { Course } from './search.js';

/** All of these seeds at all of these rates, seed by seed, and where the runs are. */
export interface Grid {
  readonly seeds: readonly number[];
  readonly rates: readonly number[];
  /** Each [runs, ...]. */
  readonly parameters: HostParameters;
  readonly moments: AdamState<HostParameters>;
}

/**
 * Bytes of parameters that one program run works on. Measured at 13 x 768 and 256 on two busy cores: 25 runs of 0.8 MB at
 * once fall out of the caches and take 6.2 ms a run and update, one by itself takes 0.9 ms.
 */
const tileBytes = 2 ** 20;

/** The grid without the seeds and rates of which every course has ended. */
export function withoutEnded(grid: Grid, courses: readonly Course[]): Grid {
  const alive = courses.filter(({ ended }) => ended === undefined);
  const seeds = grid.seeds.filter((seed) => alive.some((course) => course.seed === seed));
  const rates = grid.rates.filter((rate) => alive.some((course) => course.learningRate === rate));
  return partOf(grid, seeds, rates);
}

/** The grid in parts whose runs follow one another: the whole where it is small, else some rates of one seed each. */
export function tilesOf(grid: Grid): Grid[] {
  const { seeds, rates, parameters } = grid;
  const bytes = Object.values(parameters).reduce((sum, { shape }) => sum + 4 * sizeOf(shape.slice(1)), 0);
  const most = Math.max(1, Math.floor(tileBytes / bytes));
  if (most >= seeds.length * rates.length) return [grid];
  const width = Math.min(most, rates.length);
  return seeds.flatMap((seed) =>
    Array.from({ length: Math.ceil(rates.length / width) }, (_, i) =>
      partOf(grid, [seed], rates.slice(i * width, (i + 1) * width)),
    ),
  );
}

/** The grid with the values of its tiles, in their order. */
export function joined(grid: Grid, tiles: readonly Grid[]): Grid {
  const [only, ...others] = tiles;
  if (only !== undefined && others.length === 0) return only;
  const all = (treeOf: (tile: Grid) => HostParameters): HostParameters =>
    stackRuns(
      tiles.flatMap((tile) =>
        Array.from({ length: tile.seeds.length * tile.rates.length }, (_, run) => runOf(treeOf(tile), run)),
      ),
    );
  return {
    ...grid,
    parameters: all(({ parameters }) => parameters),
    moments: { first: all(({ moments }) => moments.first), second: all(({ moments }) => moments.second) },
  };
}

function partOf(grid: Grid, seeds: readonly number[], rates: readonly number[]): Grid {
  if (seeds.length === grid.seeds.length && rates.length === grid.rates.length) return grid;
  const kept = seeds.flatMap((seed) =>
    rates.map((rate) => grid.seeds.indexOf(seed) * grid.rates.length + grid.rates.indexOf(rate)),
  );
  const some = (tree: HostParameters): HostParameters => stackRuns(kept.map((run) => runOf(tree, run)));
  const { first, second } = grid.moments;
  return {
    seeds,
    rates,
    parameters: some(grid.parameters),
    moments: { first: some(first), second: some(second) },
  };
}

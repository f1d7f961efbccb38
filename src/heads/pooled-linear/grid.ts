/** @file The runs that are trained together, seeds by rates: shrunk as runs end, and cut for several threads. */
import type { HostParameters } from '../../base/host-tensor.js';
import type { AdamState } from '../../nn/adam.js';
import type { Course } from '../search.js';
import { fitTogether, runOf, stackRuns } from './runs.js';

/** All of these seeds at all of these rates, seed by seed, and where the runs are. */
export interface Grid {
  readonly seeds: readonly number[];
  readonly rates: readonly number[];
  /** Each [runs, ...]. */
  readonly parameters: HostParameters;
  readonly moments: AdamState<HostParameters>;
}

/** The grid without the seeds and rates of which every course has ended. */
export function withoutEnded(grid: Grid, courses: readonly Course[]): Grid {
  const alive = courses.filter(({ ended }) => ended === undefined);
  const seeds = grid.seeds.filter((seed) => alive.some((course) => course.seed === seed));
  const rates = grid.rates.filter((rate) => alive.some((course) => course.learningRate === rate));
  return partOf(grid, seeds, rates);
}

/** Whether all its runs are done in one go. */
const isSmall = ({ parameters }: Grid): boolean => fitTogether(parameters, 1);

/**
 * The grid in parts that can be trained side by side: the whole where it is small, else a part a seed, or several
 * where there are fewer seeds than threads.
 */
export function partsOf(grid: Grid, threads: number): Grid[] {
  const { seeds, rates } = grid;
  if (isSmall(grid)) return [grid];
  const width = Math.ceil(rates.length / Math.ceil(threads / seeds.length));
  return seeds.flatMap((seed) =>
    Array.from({ length: Math.ceil(rates.length / width) }, (_, i) =>
      partOf(grid, [seed], rates.slice(i * width, (i + 1) * width)),
    ),
  );
}

/** The grid with the values of its parts, in their order. */
export function joined(grid: Grid, parts: readonly Grid[]): Grid {
  const [only, ...others] = parts;
  if (only !== undefined && others.length === 0) return only;
  const all = (treeOf: (part: Grid) => HostParameters): HostParameters =>
    stackRuns(
      parts.flatMap((part) =>
        Array.from({ length: part.seeds.length * part.rates.length }, (_, run) => runOf(treeOf(part), run)),
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
  return copyOf(grid, seeds, rates);
}

function copyOf(grid: Grid, seeds: readonly number[], rates: readonly number[]): Grid {
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

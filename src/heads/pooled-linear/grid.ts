/** @file The runs that are trained together, sources by rates: cut for several threads, held by the engine, and joined again. */
import { z } from 'zod';
import type { HostParameters } from '../../base/host-tensor.js';
import type { Engine, Held } from '../../engine/engine.js';
import type { Parameters } from '../../engine/tree.js';
import type { AdamState } from '../../nn/adam.js';
import { type Weights, weightsSchema } from '../../training/held-weights.js';
import { fitTogether, runOf, stackRuns } from './runs.js';

/** What a run sees: the draws of a seed, of all hidden states or of one. */
export interface Source {
  readonly seed: number;
  readonly layer?: number | undefined;
}

export const isOf = ({ seed, layer }: Source, other: Source): boolean =>
  seed === other.seed && layer === other.layer;

/** Sources at rates, all of the ones at all of the others, source by source. */
export interface Axes {
  readonly sources: readonly Source[];
  readonly rates: readonly number[];
}

/** Where the runs are: every tensor is [runs, ...]. */
export interface Grid extends Axes, Weights {}

/** Of a grid in a checkpoint. */
export const gridSchema = weightsSchema.extend({
  sources: z.array(z.object({ seed: z.int(), layer: z.int().optional() })),
  rates: z.array(z.number()),
});

/** A part of a grid where the engine has it. */
export interface HeldPart extends Axes {
  readonly parameters: Held<Parameters>;
  readonly moments: Held<AdamState<Parameters>>;
}

/** A grid where the engine has it, in parts that can be trained side by side. */
export interface HeldGrid extends Axes {
  readonly parts: readonly HeldPart[];
}

export const runsOf = ({ sources, rates }: Axes): number => sources.length * rates.length;

/** The sources and rates of which some course goes on. */
export function aliveOf(
  { sources, rates }: Axes,
  courses: readonly (Source & { readonly learningRate: number; readonly ended?: unknown })[],
): Axes {
  const alive = courses.filter(({ ended }) => ended === undefined);
  return {
    sources: sources.filter((source) => alive.some((course) => isOf(course, source))),
    rates: rates.filter((rate) => alive.some((course) => course.learningRate === rate)),
  };
}

export function holdGrid(engine: Engine, grid: Grid): HeldGrid {
  const { sources, rates } = grid;
  const parts = partsOf(grid, engine.threads).map((part) => ({
    sources: part.sources,
    rates: part.rates,
    parameters: engine.hold<Parameters>(part.parameters),
    moments: engine.hold<AdamState<Parameters>>(part.moments),
  }));
  return { sources, rates, parts };
}

/** Copies a grid to the host. */
export async function readGrid(grid: HeldGrid): Promise<Grid> {
  const moments = await Promise.all(grid.parts.map((part) => part.moments.read()));
  return {
    sources: grid.sources,
    rates: grid.rates,
    parameters: await readParameters(grid),
    moments: {
      first: joined(moments.map(({ first }) => first)),
      second: joined(moments.map(({ second }) => second)),
    },
  };
}

/** Copies its parameters to the host. */
export async function readParameters({ parts }: HeldGrid): Promise<HostParameters> {
  return joined(await Promise.all(parts.map((part) => part.parameters.read())));
}

export async function releaseGrid({ parts }: Pick<HeldGrid, 'parts'>): Promise<void> {
  await Promise.all(parts.flatMap(({ parameters, moments }) => [parameters.release(), moments.release()]));
}

/** The grid with these sources and rates alone; the one given is used up. */
export async function shrunkTo(engine: Engine, grid: HeldGrid, axes: Axes): Promise<HeldGrid> {
  if (runsOf(axes) === runsOf(grid)) return grid;
  const whole = await readGrid(grid);
  await releaseGrid(grid);
  return holdGrid(engine, partOf(whole, axes));
}

/** Whether all its runs are done in one go. */
const isSmall = ({ parameters }: Grid): boolean => fitTogether(parameters, 1);

/**
 * The grid in parts that can be trained side by side: the whole where it is small, else a part a source, or several
 * where there are fewer sources than threads.
 */
export function partsOf(grid: Grid, threads: number): Grid[] {
  const { sources, rates } = grid;
  if (isSmall(grid)) return [grid];
  const width = Math.ceil(rates.length / Math.ceil(threads / sources.length));
  return sources.flatMap((source) =>
    Array.from({ length: Math.ceil(rates.length / width) }, (_, i) =>
      partOf(grid, { sources: [source], rates: rates.slice(i * width, (i + 1) * width) }),
    ),
  );
}

/** The runs of parts, in their order, as one tree; each tensor is [runs, ...]. */
export function joined(parts: readonly HostParameters[]): HostParameters {
  const [only, ...others] = parts;
  if (only !== undefined && others.length === 0) return only;
  return stackRuns(
    parts.flatMap((part) => {
      const runs = Object.values(part)[0]?.shape[0] ?? 0;
      return Array.from({ length: runs }, (_, run) => runOf(part, run));
    }),
  );
}

/** Of a tree of all runs of a grid, those of some of its sources and rates. */
export function runsAt(all: Axes, { sources, rates }: Axes, tree: HostParameters): HostParameters {
  if (sources.length === all.sources.length && rates.length === all.rates.length) return tree;
  const rowOf = (source: Source): number => all.sources.findIndex((one) => isOf(one, source));
  const kept = sources.flatMap((source) =>
    rates.map((rate) => rowOf(source) * all.rates.length + all.rates.indexOf(rate)),
  );
  return stackRuns(kept.map((run) => runOf(tree, run)));
}

function partOf(grid: Grid, { sources, rates }: Axes): Grid {
  const some = (tree: HostParameters): HostParameters => runsAt(grid, { sources, rates }, tree);
  const { first, second } = grid.moments;
  return {
    sources,
    rates,
    parameters: some(grid.parameters),
    moments: { first: some(first), second: some(second) },
  };
}

/** @file Matches documents with queries: distances on the engine, many queries at once, alignments here. */
import { float32, floatsOf, type HostTensor } from '../../base/host-tensor.js';
import type { Engine, Held } from '../../engine/engine.js';
import type { Tensor } from '../../engine/ops.js';
import type { Features } from '../../features/reader.js';
import { alignmentCost } from './alignment.js';
import { type Standard, scaledDistances, unitFrames } from './model.js';
import type { Query, SearchedDocument } from './pairs-by-document.js';
import { type Standards, standardOfLayer } from './standard.js';

/** Frames of queries that one product takes, if no query is longer: more would not be faster. */
const mostRows = 4096;

/** Queries whose frames stand one after the other in one matrix. */
interface Block {
  /** [rows, dim], of length 1; rows behind the last query are zeros. */
  readonly frames: Held<Tensor>;
  readonly rows: number;
  /** Where each query's frames begin, and how many they are, by the query's index. */
  readonly queries: ReadonlyMap<number, { readonly start: number; readonly frames: number }>;
}

/** The queries of one hidden state, ready to be matched. */
export interface LayerQueries {
  readonly layer: number;
  readonly blocks: readonly Block[];
  readonly standard: Held<Standard<Tensor>>;
}

export interface Matcher {
  /** Queries of so many frames or more, in the hidden states asked for. */
  prepare(
    queries: readonly Query[],
    standards: Standards,
    layers: readonly number[],
  ): Promise<LayerQueries[]>;
  /** The cost of every pair of a document whose query is long enough, by the pair's place; one map a layer. */
  match(
    document: SearchedDocument,
    layers: readonly LayerQueries[],
  ): Promise<readonly ReadonlyMap<number, number>[]>;
  release(layers: readonly LayerQueries[]): Promise<void>;
  dispose(): Promise<void>;
}

/** @param title for errors */
export function matcherOf(engine: Engine, features: Features, minimumFrames: number, title: string): Matcher {
  const { dim } = features;
  const units = engine.compile(
    ({ frames, standard }: { readonly frames: Tensor; readonly standard: Standard<Tensor> }) => ({
      frames: unitFrames(frames, standard),
    }),
    { name: `queries of the ${title}`, dynamicAxes: { frames: 0 } },
  );
  const distances = engine.compile(
    ({ queries, document, standard }: DistanceInputs) => ({
      distances: scaledDistances(queries, unitFrames(document, standard)),
    }),
    { name: `distances of the ${title}`, dynamicAxes: { document: 0 } },
  );
  return {
    async prepare(queries, standards, layers) {
      const standard = layers.map((layer) =>
        engine.hold<Standard<Tensor>>(standardOfLayer(standards, layer)),
      );
      const found = layers.map((): UnitQuery[] => []);
      for (const [index, { place }] of queries.entries()) {
        const rows = features.rows[place] ?? 0;
        if (rows < minimumFrames) continue;
        const values = await features.load(place);
        for (const [i, layer] of layers.entries()) {
          const frames = framesOf(values, layer, rows, dim);
          const unit = await units.run({ frames, standard: standard[i] as Held<Standard<Tensor>> });
          found[i]?.push({ index, rows, values: floatsOf(unit.frames) });
        }
      }
      return layers.map((layer, i) => ({
        layer,
        standard: standard[i] as Held<Standard<Tensor>>,
        blocks: blocksOf(found[i] ?? [], dim, engine),
      }));
    },
    async match({ place, pairs }, layers) {
      const values = await features.load(place);
      const frames = features.rows[place] ?? 0;
      const room = new Float64Array(frames);
      const costs: Map<number, number>[] = [];
      for (const { layer, blocks, standard } of layers) {
        const own = new Map<number, number>();
        const document = framesOf(values, layer, frames, dim);
        for (const block of blocks) {
          const wanted = pairs.filter(({ query }) => block.queries.has(query));
          if (wanted.length === 0) continue;
          const run = await distances.run({ queries: block.frames, document, standard });
          const scaled = floatsOf(run.distances);
          for (const { pair, query } of wanted) {
            const of = block.queries.get(query);
            if (of !== undefined)
              own.set(pair, alignmentCost(scaled, of.start * frames, of.frames, frames, room));
          }
        }
        costs.push(own);
      }
      return costs;
    },
    async release(layers) {
      for (const { blocks, standard } of layers) {
        await standard.release();
        for (const { frames } of blocks) await frames.release();
      }
    },
    async dispose() {
      await units.dispose();
      await distances.dispose();
    },
  };
}

type DistanceInputs = {
  readonly queries: Tensor;
  readonly document: Tensor;
  readonly standard: Standard<Tensor>;
};

interface UnitQuery {
  readonly index: number;
  readonly rows: number;
  readonly values: Float32Array;
}

/** Queries in matrices of one size, so that one program takes them all. */
function blocksOf(queries: readonly UnitQuery[], dim: number, engine: Engine): Block[] {
  const groups: UnitQuery[][] = [];
  let rows = Number.POSITIVE_INFINITY;
  for (const query of queries) {
    if (rows + query.rows > mostRows) {
      groups.push([]);
      rows = 0;
    }
    groups.at(-1)?.push(query);
    rows += query.rows;
  }
  const rowsOf = (group: readonly UnitQuery[]): number => group.reduce((sum, query) => sum + query.rows, 0);
  const size = Math.max(0, ...groups.map(rowsOf));
  return groups.map((group) => {
    const frames = new Float32Array(size * dim);
    const places = new Map<number, { start: number; frames: number }>();
    let start = 0;
    for (const query of group) {
      frames.set(query.values, start * dim);
      places.set(query.index, { start, frames: query.rows });
      start += query.rows;
    }
    return { frames: engine.hold<Tensor>(float32([size, dim], frames)), rows: size, queries: places };
  });
}

/** The frames of one hidden state: [frames, dim]. */
function framesOf(values: Float32Array, layer: number, frames: number, dim: number): HostTensor {
  const size = frames * dim;
  return float32([frames, dim], values.subarray(layer * size, (layer + 1) * size));
}

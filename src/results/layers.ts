/** @file What every hidden state alone is worth, encoder by encoder, beside the weighted sum: tables for a comparison. */
import { mixedInterval, overSeeds } from '../metrics/index.js';
import type { Comparison, LayerCell, LayerRow, LayerTable } from './compare.js';
import { type LayersOfTask, readLayers } from './layers-file.js';
import type { StoredRecord } from './record.js';

/**
 * The comparison with a table for each of its columns that has results of hidden states.
 * @throws UserError for such results that are damaged
 */
export async function withLayers(
  comparison: Comparison,
  records: readonly StoredRecord[],
): Promise<Comparison> {
  const found = new Map<string, LayersOfTask>();
  for (const stored of records) {
    const layers = await readLayers(stored);
    if (layers !== undefined) found.set(stored.path, layers);
  }
  if (found.size === 0) return comparison;
  const tables = comparison.columns.flatMap(({ task, taskLabel, metric, direction }, i): LayerTable[] => {
    const rows = comparison.rows.flatMap(({ label, cells }, row): LayerRow[] => {
      const cell = cells[i];
      const own = cell?.paths.flatMap((path) => found.get(path) ?? []) ?? [];
      if (cell === undefined || own.length === 0) return [];
      const { value, interval, seeds, deviation } = cell;
      return [{ label, row, sum: { value, interval, seeds, deviation }, layers: layersOf(own, metric) }];
    });
    return rows.length === 0 ? [] : [{ task, taskLabel, metric, direction, rows }];
  });
  return { ...comparison, layers: tables };
}

/** By number, over the seeds that have the hidden state. */
function layersOf(found: readonly LayersOfTask[], metric: string): (LayerCell | undefined)[] {
  const count = 1 + Math.max(...found.flatMap(({ layers }) => layers.map(({ layer }) => layer)));
  return Array.from({ length: count }, (_, number) => {
    const values = found.flatMap(
      ({ layers }) => layers.find(({ layer }) => layer === number)?.metrics[metric] ?? [],
    );
    if (values.length === 0) return undefined;
    const { mean, deviation, seeds } = overSeeds(values.map(({ value }) => value));
    const own = values.flatMap(({ value, interval }) => (interval ? [{ value, interval }] : []));
    const interval =
      own.length < values.length ? undefined : own.length > 1 ? mixedInterval(own) : own[0]?.interval;
    return { value: mean, interval, seeds, deviation };
  });
}

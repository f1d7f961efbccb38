/** @file Results that were computed in different precisions: they may differ a little for that alone. */
import type { ResultRecord, StoredRecord } from './record.js';

/** Of the products that a result was computed with. */
export const precisionOf = ({ engine }: Pick<ResultRecord, 'engine'>): 'fp32' | 'tf32' =>
  engine.precision ?? 'fp32';

/** One sentence where results beside each other were not all computed in one precision. */
export function precisionRemark(records: readonly StoredRecord[]): string | undefined {
  const places = (precision: string): string[] => [
    ...new Set(
      records.flatMap(({ record }) =>
        precisionOf(record) === precision ? [`${record.encoder.name} on ${record.task.name}`] : [],
      ),
    ),
  ];
  const rounded = places('tf32');
  if (rounded.length === 0 || places('fp32').length === 0) return undefined;
  return `the results differ in precision: tf32 for ${rounded.join(', ')}; fp32 for the others`;
}

/** Of each side, all that occur: `fp32`, `fp32 and tf32`; undefined where the sides are the same. */
export function precisionChange(
  before: readonly StoredRecord[],
  after: readonly StoredRecord[],
): { readonly before: string; readonly after: string } | undefined {
  const of = (side: readonly StoredRecord[]): string =>
    [...new Set(side.map(({ record }) => precisionOf(record)))].sort().join(' and ');
  const change = { before: of(before), after: of(after) };
  return change.before === change.after ? undefined : change;
}

/** @file How well predictions of the loss rank the frames that were masked. */
import { rankCorrelation } from '../metrics/index.js';

/**
 * Spearman's correlation of predicted with actual loss over the masked frames of each row, averaged over rows.
 * @returns undefined where no row has one
 */
export function meanRankCorrelation(
  predicted: readonly Float32Array[],
  actual: readonly Float32Array[],
  masks: readonly Uint8Array[],
): number | undefined {
  const each = masks.flatMap((mask, row) => {
    const masked = (values: Float32Array | undefined): number[] =>
      Array.from(values ?? []).filter((_, t) => mask[t] === 1);
    return rankCorrelation(masked(predicted[row]), masked(actual[row])) ?? [];
  });
  return each.length === 0 ? undefined : each.reduce((sum, x) => sum + x, 0) / each.length;
}

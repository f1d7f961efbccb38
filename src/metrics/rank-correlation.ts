/** @file Spearman's rank correlation. */

/**
 * Pearson's correlation of the ranks; equal values share the mean of their ranks.
 * @returns a number in [-1, 1]; undefined for fewer than two values, or where all on one side are equal
 */
export function rankCorrelation(x: ArrayLike<number>, y: ArrayLike<number>): number | undefined {
  if (x.length !== y.length) throw new Error(`${x.length} values beside ${y.length}`);
  const [a, b] = [ranks(x), ranks(y)];
  const mean = (x.length + 1) / 2;
  let [both, first, second] = [0, 0, 0];
  for (const [i, rank] of a.entries()) {
    const [p, q] = [rank - mean, (b[i] as number) - mean];
    both += p * q;
    first += p * p;
    second += q * q;
  }
  return first === 0 || second === 0 ? undefined : both / Math.sqrt(first * second);
}

/** Ranks from 1. */
function ranks(values: ArrayLike<number>): Float64Array {
  const order = Array.from({ length: values.length }, (_, i) => i).sort(
    (i, j) => (values[i] as number) - (values[j] as number),
  );
  const result = new Float64Array(values.length);
  for (let from = 0, to = 0; from < order.length; from = to) {
    const value = values[order[from] as number];
    while (to < order.length && values[order[to] as number] === value) to++;
    for (let k = from; k < to; k++) result[order[k] as number] = (from + 1 + to) / 2;
  }
  return result;
}

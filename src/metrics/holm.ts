/** @file Holm's correction, for the many comparisons of one table. */

/**
 * Adjusted p-values in the order given (Holm 1979): compare them with the level as they are, and the chance of even one
 * false find in the whole family stays below it.
 */
export function holm(pValues: readonly number[]): number[] {
  const order = pValues.map((_, i) => i).sort((i, j) => (pValues[i] as number) - (pValues[j] as number));
  const adjusted = new Array<number>(pValues.length).fill(1);
  let largest = 0;
  order.forEach((place, rank) => {
    largest = Math.max(largest, Math.min(1, (pValues[place] as number) * (pValues.length - rank)));
    adjusted[place] = largest;
  });
  return adjusted;
}

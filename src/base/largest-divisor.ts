/** @file Equal shares of a count. */

/** The largest divisor of `count` up to `most`; both are whole numbers above 0. */
export function largestDivisor(count: number, most: number): number {
  let divisor = Math.min(count, most);
  while (count % divisor !== 0) divisor--;
  return divisor;
}

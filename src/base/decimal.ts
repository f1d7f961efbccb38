/** @file Numbers in other units, digit by digit: 0.0736 as percent is 7.36, not 7.359999999999999. */

/** A number times a power of ten, as its decimal digits say it: the point moves, no digit changes. */
export function movePoint(value: number, places: number): number {
  if (!Number.isFinite(value)) return value;
  const [digits = '', exponent = '0'] = String(value).split('e');
  return Number(`${digits}e${Number(exponent) + places}`);
}

/** A fraction in percent. */
export const inPercent = (fraction: number): number => movePoint(fraction, 2);

/** Percent as a fraction. */
export const ofPercent = (percent: number): number => movePoint(percent, -2);

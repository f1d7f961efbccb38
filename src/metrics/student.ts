/** @file Student's distribution: how likely a mean of few values lies so far from zero by chance. */
import { incompleteBeta } from './incomplete-beta.js';
import { twoSidedNormal } from './quantile.js';

/**
 * The chance that a Student variable lies at least as far from zero as `t`, on either side: I_x(d/2, 1/2) at
 * x = d / (d + t²).
 * @param degrees of freedom, need not be whole; infinity gives the normal
 */
export function twoSidedStudent(t: number, degrees: number): number {
  if (degrees > 1e6) return twoSidedNormal(t);
  if (t === 0) return 1;
  return incompleteBeta(degrees / (degrees + t * t), degrees / 2, 1 / 2);
}

/** How many standard errors a 95 % interval reaches on each side of a mean: the normal's 1.96 at endless degrees. */
export function student95(degrees: number): number {
  return studentReach(degrees, 0.05);
}

/**
 * How far from zero a Student variable lies with a given chance, on either side: where `twoSidedStudent` is `level`, found
 * by bisection, so that intervals and p-values agree.
 * @param degrees of freedom, above 0, need not be whole; infinity gives the normal
 * @param level between 0 and 1
 */
export function studentReach(degrees: number, level: number): number {
  let [low, high] = [0, 2];
  while (twoSidedStudent(high, degrees) > level) [low, high] = [high, 2 * high];
  for (;;) {
    const middle = (low + high) / 2;
    if (middle <= low || middle >= high) return high;
    if (twoSidedStudent(middle, degrees) > level) low = middle;
    else high = middle;
  }
}

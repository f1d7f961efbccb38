/** @file Student's distribution: how likely a mean of few values lies so far from zero by chance. */
import { twoSidedNormal } from './quantile.js';

/**
 * The chance that a Student variable lies at least as far from zero as `t`, on either side: I_x(d/2, 1/2) at
 * x = d / (d + t²), the incomplete beta function by its continued fraction (Press et al., Numerical Recipes, 6.4).
 * @param degrees of freedom, need not be whole; infinity gives the normal
 */
export function twoSidedStudent(t: number, degrees: number): number {
  if (degrees > 1e6) return twoSidedNormal(t);
  if (t === 0) return 1;
  const x = degrees / (degrees + t * t);
  const [a, b] = [degrees / 2, 1 / 2];
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x));
  // The fraction converges fast on one side only; the other one is what remains.
  return x < (a + 1) / (a + b + 2)
    ? (front * fraction(a, b, x)) / a
    : 1 - (front * fraction(b, a, 1 - x)) / b;
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

/** The continued fraction of the incomplete beta function (Lentz's method). */
function fraction(a: number, b: number, x: number): number {
  const bounded = (value: number): number => (Math.abs(value) < 1e-30 ? 1e-30 : value);
  let c = 1;
  let d = 1 / bounded(1 - ((a + b) * x) / (a + 1));
  let result = d;
  for (let m = 1; m < 500; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    let change = 1;
    for (const step of [even, odd]) {
      d = 1 / bounded(1 + step * d);
      c = bounded(1 + step / c);
      change = c * d;
      result *= change;
    }
    if (Math.abs(change - 1) < 1e-14) break;
  }
  return result;
}

const lanczos = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
  12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
];

/** The logarithm of the gamma function for positive numbers (Lanczos, g = 7). */
function logGamma(x: number): number {
  const y = x - 1;
  const base = y + 7.5;
  const sum = lanczos.reduce(
    (total, coefficient, i) => total + (i === 0 ? coefficient : coefficient / (y + i)),
    0,
  );
  return 0.5 * Math.log(2 * Math.PI) + (y + 0.5) * Math.log(base) - base + Math.log(sum);
}

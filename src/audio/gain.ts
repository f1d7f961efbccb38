/** @file Louder or softer, as SoX's effect gain. */

/** What samples are multiplied by: 0.7079 for -3 dB. */
export const gainFactor = (decibels: number): number => 10 ** (decibels / 20);

/** Samples made louder by so many decibels; none is clipped. */
export function amplified(samples: Float32Array, decibels: number | undefined): Float32Array {
  if (decibels === undefined) return samples;
  const factor = gainFactor(decibels);
  return samples.map((sample) => sample * factor);
}

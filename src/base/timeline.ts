/** @file What drawings of an utterance over time have in common. */

/** Seconds between two marks: about ten of them. */
export function tickOf(seconds: number): number {
  return [0.1, 0.2, 0.5, 1].find((step) => seconds / step <= 10) ?? 2;
}

/** First frames and ends of the runs of ones. */
export function runsOf(mask: Uint8Array): [from: number, to: number][] {
  const runs: [number, number][] = [];
  for (const [t, bit] of mask.entries()) {
    if (bit === 0) continue;
    const last = runs.at(-1);
    if (last?.[1] === t) last[1] = t + 1;
    else runs.push([t, t + 1]);
  }
  return runs;
}

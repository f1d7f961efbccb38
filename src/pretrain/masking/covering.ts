/** @file Masks that hide every frame once between them: what the actual loss of all frames takes. */
import type { RandomStream } from '../../base/random.js';

/** Passes that mask every frame exactly once between them: a third each, near what training masks. */
export const coveringPasses = 3;

/** Spans of frames dealt out to `passes` masks at random: every frame is masked in exactly one of them. */
export function coveringMasks(
  frames: number,
  span: number,
  passes: number,
  draws: RandomStream,
): Uint8Array[] {
  const masks = Array.from({ length: passes }, () => new Uint8Array(frames));
  // Short utterances have shorter spans, so that no pass hides nothing.
  const length = Math.max(1, Math.min(span, Math.floor(frames / passes)));
  const starts = Array.from({ length: Math.ceil(frames / length) }, (_, i) => i * length);
  for (const [i, start] of draws.shuffle(starts).entries())
    masks[i % passes]?.fill(1, start, Math.min(frames, start + length));
  return masks;
}

/** @file The masks that an analysis puts to the student. */
import type { RandomStream } from '../../base/random.js';
import { hardestFrames } from '../masking/spans.js';

/** How often the place of the hard frames is drawn anew in the information test. */
export const shiftedPatterns = 3;

export interface InformationMasks {
  /** The frames that are compared: masked in every mask. */
  readonly rest: Uint8Array;
  /** `rest` and the hardest of the other frames. */
  readonly hard: Uint8Array;
  /** `rest` and as many other frames, in the same pattern at another place. */
  readonly random: readonly Uint8Array[];
  /** Frames hidden besides `rest`. */
  readonly hidden: number;
}

/** Share of the frames that is compared, and share that is hidden besides. */
const informationShare = 0.2;

/**
 * Masks of the information test. Of the frames outside `rest`, the hardest fifth (by predicted loss) is hidden; against
 * it stand the same frames moved on by a random number of places, which keeps how they cluster.
 */
export function informationMasks(
  predictedLoss: Float32Array,
  span: number,
  draws: RandomStream,
): InformationMasks {
  const frames = predictedLoss.length;
  const wanted = Math.max(1, Math.floor(frames * informationShare));
  const rest = new Uint8Array(frames);
  const spans = Math.max(1, Math.floor(wanted / span));
  const starts = draws.shuffle(Array.from({ length: Math.ceil(frames / span) }, (_, i) => i * span));
  for (const start of starts.slice(0, spans))
    rest.fill(1, start, Math.min(frames, start + Math.min(span, wanted)));
  const outside = Array.from(rest.keys()).filter((t) => rest[t] === 0);
  const hidden = Math.max(1, Math.min(outside.length - 1, wanted));
  const losses = Float32Array.from(outside, (t) => predictedLoss[t] as number);
  const hardest = hardestFrames(losses, outside.length, hidden);
  const moved = (shift: number): Uint8Array => {
    const mask = rest.slice();
    for (const place of hardest) mask[outside[(place + shift) % outside.length] as number] = 1;
    return mask;
  };
  const random = Array.from({ length: shiftedPatterns }, () => moved(1 + draws.integer(outside.length - 1)));
  return { rest, hard: moved(0), random, hidden };
}

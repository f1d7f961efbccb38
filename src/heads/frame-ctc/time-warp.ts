/** @file SpecAugment's time warp (Park et al. 2019): a place in an utterance moves, both sides are stretched to fit. */

import { float32, type HostTensor } from '../../base/host-tensor.js';
import { randomStream } from '../../base/random.js';

/**
 * Matrices that warp the time of a batch: warped = matrix x frames. As s3prl's (downstream/specaug.py): a place at least a
 * window from both ends moves by less than a window back or up to one on; an utterance of up to two windows stays.
 * @param size rows of the batch, some of which may be no utterance
 * @param frames to which the batch is padded
 * @param lengths frames of each utterance
 * @returns [size, frames, frames]; rows sum to 1
 */
export function timeWarps(
  {
    size,
    frames,
    lengths,
  }: { readonly size: number; readonly frames: number; readonly lengths: readonly number[] },
  window: number,
  seed: number,
  update: number,
): HostTensor {
  const random = randomStream(seed, 'time warp', update);
  const matrices = new Float32Array(size * frames * frames);
  for (let row = 0; row < size; row++) {
    const matrix = matrices.subarray(row * frames * frames, (row + 1) * frames * frames);
    const length = lengths[row] ?? 0;
    const fits = window > 0 && length > 2 * window;
    const centre = fits ? window + random.integer(length - 2 * window) : 0;
    const moved = fits ? centre - window + 1 + random.integer(2 * window) : 0;
    // Behind the utterance nothing moves.
    for (let frame = 0; frame < frames; frame++)
      if (!fits || frame >= length) matrix[frame * frames + frame] = 1;
    if (fits) warpInto(matrix, frames, length, centre, moved);
  }
  return float32([size, frames, frames], matrices);
}

/**
 * Frames before `centre` are stretched to `moved` ones, those behind it to the rest, each side as torch's
 * `interpolate(mode='bicubic', align_corners=False)` does.
 * @param matrix [frames, frames], zeros where the utterance is
 */
export function warpInto(
  matrix: Float32Array,
  frames: number,
  length: number,
  centre: number,
  moved: number,
): void {
  const stretch = (from: number, source: number, to: number, target: number): void => {
    for (let frame = 0; frame < target; frame++) {
      const place = ((frame + 0.5) * source) / target - 0.5;
      const low = Math.floor(place);
      for (const [tap, weight] of cubicWeights(place - low).entries()) {
        const at = from + Math.min(Math.max(low - 1 + tap, 0), source - 1);
        const cell = (to + frame) * frames + at;
        matrix[cell] = (matrix[cell] as number) + weight;
      }
    }
  };
  stretch(0, centre, 0, moved);
  stretch(centre, length - centre, moved, length - moved);
}

/** Of the frames at -1, 0, 1 and 2, for a place between those at 0 and 1 (Keys 1981, with torch's -0.75). */
function cubicWeights(share: number): readonly number[] {
  const a = -0.75;
  const near = (x: number): number => ((a + 2) * x - (a + 3)) * x * x + 1;
  const far = (x: number): number => ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
  return [far(share + 1), near(share), near(1 - share), far(2 - share)];
}

/** @file SpecAugment's time warp (Park et al. 2019): a place in an utterance moves, both sides are stretched to fit. */

import { float32, type HostTensor } from '../../base/host-tensor.js';
import { randomStream } from '../../base/random.js';

/**
 * Matrices that warp the time of a batch: warped = matrix x frames. As s3prl's (a centre and where it moves are drawn
 * with at least a window to each end; an utterance of up to two windows stays), but interpolated linearly.
 * @param frames to which the batch is padded
 * @param lengths frames of each utterance
 * @returns [batch, frames, frames]; rows sum to 1
 */
export function timeWarps(
  frames: number,
  lengths: readonly number[],
  window: number,
  seed: number,
  update: number,
): HostTensor {
  const random = randomStream(seed, 'time warp', update);
  const matrices = new Float32Array(lengths.length * frames * frames);
  for (const [row, length] of lengths.entries()) {
    const matrix = matrices.subarray(row * frames * frames, (row + 1) * frames * frames);
    const fits = window > 0 && length - window > window + 1;
    const centre = fits ? window + random.integer(length - 2 * window) : 0;
    const moved = fits ? centre - window + 1 + random.integer(2 * window) : 0;
    for (let frame = 0; frame < frames; frame++) {
      const [from, to, start, end] =
        frame < moved ? [0, 0, centre, moved] : [centre, moved, length - centre, length - moved];
      // Behind the utterance nothing moves.
      const position = !fits || frame >= length ? frame : from + stretched(frame - to, start, end);
      const low = Math.floor(position);
      const share = position - low;
      matrix[frame * frames + low] = 1 - share;
      if (share > 0) matrix[frame * frames + low + 1] = share;
    }
  }
  return float32([lengths.length, frames, frames], matrices);
}

/** Where in `source` frames the middle of a frame of `target` frames lies. */
function stretched(frame: number, source: number, target: number): number {
  return Math.min(Math.max(((frame + 0.5) * source) / target - 0.5, 0), source - 1);
}

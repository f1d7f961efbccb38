/** @file The schedule of hard masking, played through with a checkpoint's predicted losses. */
import { randomStream } from '../../base/random.js';
import { easyToHard, scheduledShare } from '../masking/easy-to-hard.js';
import type { MaskSettings } from '../masking/index.js';
import { random } from '../masking/random.js';
import { countMasked, spanStarts } from '../masking/spans.js';

export interface CoursePoint {
  /** Counted from 0, of `settings.epochs`. */
  readonly epoch: number;
  readonly hardShare: number;
  /** Of the frames, under easy-to-hard masking and under random masking. */
  readonly maskedFraction: number;
  readonly randomMaskedFraction: number;
  /**
   * How much the spans of hard starts overlap: 1 - frames they hide / frames they would hide apart. Undefined where
   * there are no two hard starts.
   */
  readonly hardSpanOverlap: number | undefined;
}

const points = 16;
const drawsEach = 4;

/** Epochs spread evenly over a schedule, the first and the last among them. */
export function courseEpochs(epochs: number): number[] {
  const count = Math.min(points, epochs);
  return Array.from({ length: count }, (_, i) => Math.round((i * (epochs - 1)) / Math.max(1, count - 1)));
}

/** Plays the schedule for utterances' predicted losses, each utterance by itself. */
export function playCourse(
  predicted: readonly Float32Array[],
  settings: MaskSettings,
  seed: number,
): CoursePoint[] {
  return courseEpochs(settings.epochs).map((epoch) => {
    const progress = epoch / settings.epochs;
    const share = scheduledShare(settings, progress);
    const sums = { frames: 0, masked: 0, randomMasked: 0, covered: 0, apart: 0 };
    for (const [index, losses] of predicted.entries()) {
      for (let draw = 0; draw < drawsEach; draw++) {
        const stream = (what: string) => randomStream(seed, `course ${what}`, epoch, index, draw);
        const request = { predictedLoss: [losses], lengths: [losses.length], progress, settings };
        const masked = ({ choose }: typeof easyToHard): number =>
          countMasked(choose({ ...request, random: stream('mask') })[0] as Uint8Array);
        sums.frames += losses.length;
        sums.masked += masked(easyToHard);
        sums.randomMasked += masked(random);
        const { hard, hidden } = spanStarts(losses, losses.length, settings, share, stream('starts'));
        if (hard.length < 2) continue;
        const covered = new Uint8Array(losses.length);
        for (const start of hard) covered.fill(1, start, Math.min(start + hidden, losses.length));
        sums.covered += countMasked(covered);
        sums.apart += hard.reduce((sum, start) => sum + Math.min(hidden, losses.length - start), 0);
      }
    }
    return {
      epoch,
      hardShare: share,
      maskedFraction: sums.masked / sums.frames,
      randomMaskedFraction: sums.randomMasked / sums.frames,
      hardSpanOverlap: sums.apart === 0 ? undefined : 1 - sums.covered / sums.apart,
    };
  });
}

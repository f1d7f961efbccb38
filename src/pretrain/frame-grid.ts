/** @file Which samples a frame stands for, and how loud they are. */
import { sampleRateHz } from '../audio/index.js';
import { frameCount, frameHop, receptiveField } from '../encoders/families/ehmam.js';
import type { EhmamConfig } from '../encoders/families/ehmam-config.js';

/** Which samples a frame sees. */
export interface FrameGrid {
  readonly frames: number;
  readonly hopSamples: number;
  /** Samples from a frame's first to its last. */
  readonly fieldSamples: number;
}

/** The second that a frame stands for: the middle of what it sees. */
export const frameSeconds = ({ hopSamples, fieldSamples }: FrameGrid, frame: number): number =>
  (frame * hopSamples + fieldSamples / 2) / sampleRateHz;

/** The frames that an encoder makes of so many samples. */
export const frameGrid = (encoder: EhmamConfig, samples: number): FrameGrid => ({
  frames: frameCount(encoder, samples),
  hopSamples: frameHop(encoder),
  fieldSamples: receptiveField(encoder),
});

/** Mean power of each frame's step: `hopSamples` about the middle of what it sees. */
export function framePower(
  samples: Float32Array,
  { frames, hopSamples, fieldSamples }: FrameGrid,
): Float64Array {
  return Float64Array.from({ length: frames }, (_, t) => {
    const from = Math.max(0, Math.round(t * hopSamples + (fieldSamples - hopSamples) / 2));
    const step = samples.subarray(from, from + hopSamples);
    return step.reduce((sum, x) => sum + x * x, 0) / Math.max(1, step.length);
  });
}

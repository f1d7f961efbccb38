/** @file What the frames of an utterance are: speech, silence, or a boundary; from an alignment or from the energy. */
import { sampleRateHz } from '../../audio/index.js';
import { type FrameGrid, framePower, frameSeconds } from '../frame-grid.js';
import { isSilence, type Segment } from './alignment.js';

export const regionNames = ['speech', 'silence', 'boundary'] as const;
export type Region = (typeof regionNames)[number];

/**
 * Regions from an alignment: a frame in whose step something begins or ends to be said is a boundary; any other is what
 * stands at its middle, and silence where nothing does.
 */
export function regionsOfAlignment(segments: readonly Segment[], grid: FrameGrid): Region[] {
  const { frames, hopSamples, fieldSamples } = grid;
  const spoken = segments.filter((segment) => !isSilence(segment));
  // The start of the recording is no boundary.
  const edges = spoken
    .flatMap(({ startSeconds, endSeconds }) => [startSeconds, endSeconds])
    .filter((at) => at > 0);
  // Edges are written with few digits: a thousandth of a sample must not move one into the step before.
  const stepOf = (seconds: number): number =>
    Math.floor((seconds * sampleRateHz - (fieldSamples - hopSamples) / 2 + 1e-3) / hopSamples);
  const boundaries = new Set(edges.map(stepOf));
  return Array.from({ length: frames }, (_, t): Region => {
    if (boundaries.has(t)) return 'boundary';
    const seconds = frameSeconds(grid, t);
    const said = spoken.some((each) => each.startSeconds <= seconds && seconds < each.endSeconds);
    return said ? 'speech' : 'silence';
  });
}

/** Decibels below the loudest frames at which speech ends, and above the floor at which it starts. */
const [belowLoud, aboveFloor] = [30, 6];
/** A floor less far than this below the loudest frames is no silence. */
const leastSpread = 12;

/**
 * Regions from the energy of each frame's step. Silence is what lies 30 dB below the 95th percentile, or within 6 dB
 * of the 5th where that is at least 12 dB below it (a noise floor); a boundary is a frame beside a change of the two.
 */
export function regionsOfEnergy(samples: Float32Array, grid: FrameGrid): Region[] {
  const { frames } = grid;
  const decibels = Float64Array.from(framePower(samples, grid), (power) => 10 * Math.log10(power + 1e-12));
  const sorted = decibels.slice().sort();
  const percentile = (share: number): number => sorted[Math.floor(share * (frames - 1))] as number;
  const [floor, loud] = [percentile(0.05), percentile(0.95)];
  const threshold =
    loud - floor < leastSpread ? loud - belowLoud : Math.max(loud - belowLoud, floor + aboveFloor);
  const speech = Array.from(decibels, (level) => level >= threshold);
  return speech.map((is, t) => {
    const changes = [t - 1, t + 1].some((beside) => (speech[beside] ?? is) !== is);
    if (changes) return 'boundary';
    return is ? 'speech' : 'silence';
  });
}

/** How many frames of each region; `mask` picks some of them. */
export function countRegions(regions: readonly Region[], mask?: Uint8Array): Record<Region, number> {
  const counts: Record<Region, number> = { speech: 0, silence: 0, boundary: 0 };
  for (const [t, region] of regions.entries()) if (mask === undefined || mask[t] === 1) counts[region]++;
  return counts;
}

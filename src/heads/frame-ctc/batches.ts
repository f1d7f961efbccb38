/** @file Batches of frames: similar lengths together, padded to few different shapes, read from disk one at a time. */

import type { HeadWork } from '../../api/head-kind.js';
import { float32, type HostTensor, int32 } from '../../base/host-tensor.js';
import { hashKey, randomStream } from '../../base/random.js';
import { bucketLength, lengthBatches } from '../../data/batches.js';
import type { Features } from '../../features/store.js';
import type { CtcSettings } from './settings.js';

/** Batches are padded to multiples of this many steps: few shapes, so few programs. */
const bucketSteps = 16;
/** Targets are padded to multiples of this many tokens. */
const bucketTokens = 8;

/** How many frames make one step, for an encoder whose frames are `hopSamples` apart. */
export function framesJoined(stepSamples: number, hopSamples: number): number {
  return Math.max(1, Math.round(stepSamples / hopSamples));
}

export const stepsOf = (frames: number, join: number): number => Math.ceil(frames / join);

/** Frames as a program takes them. A type, so that it is a tree. */
export type FrameBatch = { readonly states: HostTensor; readonly steps: HostTensor };

/**
 * Reads utterances' frames into one padded batch of `size` rows; rows without an utterance hold one step of zeros.
 * @param places where the utterances stand in the features
 */
export async function frameBatch(
  features: Features,
  places: readonly number[],
  size: number,
  join: number,
): Promise<FrameBatch> {
  const { layers, dim } = features;
  const counts = places.map((place) => features.rows[place] as number);
  const longest = counts.reduce((a, b) => Math.max(a, b), 1);
  const padded = bucketLength(stepsOf(longest, join), bucketSteps) * join;
  const states = new Float32Array(layers * size * padded * dim);
  for (const [row, place] of places.entries()) {
    const values = await features.load(place);
    const length = (counts[row] as number) * dim;
    for (let layer = 0; layer < layers; layer++) {
      states.set(values.subarray(layer * length, (layer + 1) * length), (layer * size + row) * padded * dim);
    }
  }
  const steps = Array.from({ length: size }, (_, row) => stepsOf(counts[row] ?? 1, join));
  return { states: float32([layers, size, padded, dim], states), steps: int32([size], steps) };
}

/** Targets and weights that go with a batch. A type, so that it is a tree. */
export type TargetBatch = {
  readonly targets: HostTensor;
  readonly targetLengths: HostTensor;
  readonly weights: HostTensor;
};

/**
 * Targets padded to a length that depends on the batch's steps alone; each real row weighs 1 / (rows x its tokens), as
 * torch's mean reduction of the CTC loss.
 * @param longest tokens of the longest target that may come with so many steps
 */
export function targetBatch(
  targets: readonly (readonly number[])[],
  size: number,
  longest: number,
): TargetBatch {
  const width = bucketLength(Math.max(1, longest), bucketTokens);
  const padded = new Int32Array(size * width);
  targets.forEach((target, row) => {
    padded.set(target, row * width);
  });
  const rows = Array.from({ length: size }, (_, row) => targets[row]);
  return {
    targets: int32([size, width], padded),
    targetLengths: int32(
      [size],
      rows.map((target) => target?.length ?? 0),
    ),
    weights: float32(
      [size],
      rows.map((target) => (target === undefined ? 0 : 1 / (targets.length * Math.max(1, target.length)))),
    ),
  };
}

/**
 * The batches of the train split in an epoch, as positions in it: a matter of seed and epoch alone. The first epoch goes
 * from short to long, which gets CTC started (SortaGrad, Amodei et al. 2016).
 */
export function epochBatches(
  { features, places }: HeadWork,
  seed: number,
  batchSize: number,
  epoch: number,
): number[][] {
  const lengths = places.train.map((place) => features.rows[place] as number);
  const batches = lengthBatches(lengths, batchSize, [seed, 'ctc batches', epoch]);
  if (epoch > 0) return batches;
  const longest = (batch: readonly number[]): number =>
    Math.max(...batch.map((row) => lengths[row] as number));
  return batches.sort((a, b) => longest(a) - longest(b));
}

/** Of a bucket whose first utterance is longer, only the first half is taken: 18.75 s. */
const halvedSamples = 300_000;

/**
 * The batches of the train split in an epoch as s3prl's downstream/ctc makes them ("bucketing"): utterances by falling
 * length of their targets, a batch of consecutive ones from each place on (those at the end start where the last full one
 * does), all in random order. Samples are counted in frames here, which tells apart no more than one frame's worth.
 * @param targets the tokens of train's texts, in its order
 */
export function bucketBatches(
  { features, places, hopSamples }: Pick<HeadWork, 'features' | 'places' | 'hopSamples'>,
  targets: readonly (readonly number[])[],
  seed: number,
  batchSize: number,
  epoch: number,
): number[][] {
  const lengthOf = (row: number): number => targets[row]?.length ?? 0;
  const order = targets.map((_, row) => row).sort((a, b) => lengthOf(b) - lengthOf(a));
  const batches = order.map((_, i) => {
    const start = Math.max(0, Math.min(order.length - batchSize, i));
    const bucket = order.slice(start, start + batchSize);
    const samples = (features.rows[places.train[bucket[0] as number] as number] as number) * hopSamples;
    return samples > halvedSamples ? bucket.slice(0, Math.max(1, Math.floor(bucket.length / 2))) : bucket;
  });
  return randomStream(seed, 'ctc buckets', epoch).shuffle(batches);
}

/** The tokens of the longest target among utterances that are padded to the same number of steps, or fewer. */
export function longestTargets(
  frames: readonly number[],
  targets: readonly (readonly number[])[],
  join: number,
): (paddedSteps: number) => number {
  const buckets = frames.map((count) => bucketLength(stepsOf(count, join), bucketSteps));
  return (paddedSteps) =>
    targets.reduce(
      (most, target, i) => ((buckets[i] as number) <= paddedSteps ? Math.max(most, target.length) : most),
      1,
    );
}

/**
 * SpecAugment's masks for a batch (Park et al. 2019): spans of frames and of feature dimensions that are hidden.
 * @param key what the masks are for: the update's number
 */
export function augmentMasks(
  settings: NonNullable<CtcSettings['specAugment']>,
  shape: readonly [batch: number, frames: number, dim: number],
  seed: number,
  update: number,
): { readonly time: HostTensor; readonly features: HostTensor } {
  const [batch, frames, dim] = shape;
  const time = new Float32Array(batch * frames).fill(1);
  const features = new Float32Array(batch * dim).fill(1);
  const random = randomStream(seed, 'SpecAugment', update);
  const hide = (into: Float32Array, length: number, widest: number): void => {
    const width = random.integer(Math.min(widest, length) + 1);
    const start = random.integer(length - width + 1);
    into.fill(0, start, start + width);
  };
  for (let row = 0; row < batch; row++) {
    const [times, dims] = [
      time.subarray(row * frames, (row + 1) * frames),
      features.subarray(row * dim, (row + 1) * dim),
    ];
    for (let i = 0; i < settings.timeMasks; i++) hide(times, frames, settings.timeMaskFrames);
    for (let i = 0; i < settings.featureMasks; i++) hide(dims, dim, settings.featureMaskDims);
  }
  return { time: float32([batch, frames, 1], time), features: float32([batch, 1, dim], features) };
}

/** The dropout key of an update. */
export function dropoutKey(seed: number, update: number): HostTensor {
  return int32([], [hashKey([seed, 'head dropout', update])]);
}

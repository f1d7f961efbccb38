/** @file Batches of frames: similar lengths together, padded to few different shapes, read from disk one at a time. */

import type { HeadWork } from '../../api/head-kind.js';
import { float32, type HostTensor, int32 } from '../../base/host-tensor.js';
import { hashKey, randomStream } from '../../base/random.js';
import { bucketLength, lengthBatches } from '../../data/batches.js';
import type { Features } from '../../features/reader.js';
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

/** How the train split is cut into batches. */
export type Batching = Pick<CtcSettings, 'batchSize' | 'batches'>;

const lengthsOf = ({ features, places }: HeadWork): number[] =>
  places.train.map((place) => features.rows[place] as number);

/** How many batches an epoch has. */
export function epochLength(work: HeadWork, { batchSize, batches }: Batching): number {
  if (batches === 'buckets') return work.places.train.length;
  if (batches === 'halves') return halves(lengthsOf(work), batchSize).length;
  return Math.ceil(work.places.train.length / batchSize);
}

/**
 * The batches of the train split in an epoch, as positions in it: a matter of seed and epoch alone. Of `lengths`, the
 * first epoch goes from short to long, which gets CTC started (SortaGrad, Amodei et al. 2016).
 * @param targets the tokens of train's texts, in its order
 */
export function epochBatches(
  work: HeadWork,
  targets: readonly (readonly number[])[],
  seed: number,
  { batchSize, batches: kind }: Batching,
  epoch: number,
): number[][] {
  const lengths = lengthsOf(work);
  if (kind === 'buckets')
    return randomStream(seed, 'ctc buckets', epoch).shuffle(buckets(work, targets, batchSize));
  if (kind === 'halves') return randomStream(seed, 'ctc halves', epoch).shuffle(halves(lengths, batchSize));
  const batches = lengthBatches(lengths, batchSize, [seed, 'ctc batches', epoch]);
  if (epoch > 0) return batches;
  const longest = (batch: readonly number[]): number =>
    Math.max(...batch.map((row) => lengths[row] as number));
  return batches.sort((a, b) => longest(a) - longest(b));
}

/** Of a bucket whose first utterance is longer, only the first half is taken: 18.75 s. */
const halvedSamples = 300_000;

/**
 * s3prl's batches of downstream/ctc ("bucketing"): utterances by falling length of their targets, a batch of consecutive
 * ones from each place on (those at the end start where the last full one does), so that an utterance is in as many as a
 * batch is large. Samples are counted in frames here, which tells apart no more than one frame's worth.
 */
export function buckets(
  { features, places, hopSamples }: Pick<HeadWork, 'features' | 'places' | 'hopSamples'>,
  targets: readonly (readonly number[])[],
  size: number,
): number[][] {
  const lengthOf = (row: number): number => targets[row]?.length ?? 0;
  const order = [...targets.keys()].sort((a, b) => lengthOf(b) - lengthOf(a) || a - b);
  return order.map((_, i) => {
    const start = Math.max(0, Math.min(order.length - size, i));
    const bucket = order.slice(start, start + size);
    const samples = (features.rows[places.train[bucket[0] as number] as number] as number) * hopSamples;
    return samples > halvedSamples ? bucket.slice(0, Math.max(1, Math.floor(bucket.length / 2))) : bucket;
  });
}

/**
 * s3prl's batches of recognition (downstream/asr/dataset.py): groups of twice `size` by falling length, each cut in two.
 * The last group stays whole, up to 2 size - 1 utterances; one of a single utterance is left out.
 */
export function halves(lengths: readonly number[], size: number): number[][] {
  const order = [...lengths.keys()].sort((a, b) => (lengths[b] as number) - (lengths[a] as number) || a - b);
  const batches: number[][] = [];
  for (let start = 0; start < order.length; start += 2 * size) {
    const group = order.slice(start, start + 2 * size);
    if (group.length === 2 * size) batches.push(group.slice(0, size), group.slice(size));
    else if (group.length > 1) batches.push(group);
  }
  return batches;
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

/** What is to be hidden of: rows of `frames` frames each (their own ones, and padding), with `dim` values a frame. */
export interface MaskedBatch {
  /** Frames of each utterance, padding left out. */
  readonly lengths: readonly number[];
  /** Rows of the batch, some of which may be no utterance. */
  readonly size: number;
  readonly frames: number;
  readonly dim: number;
}

/**
 * SpecAugment's masks for a batch (Park et al. 2019), as s3prl draws them: spans narrower than the setting, which start
 * anywhere in the longest utterance less the widest span of the whole batch; so of the dimensions.
 * @param update what the masks are for
 */
export function augmentMasks(
  settings: NonNullable<CtcSettings['specAugment']>,
  { lengths, size, frames, dim }: MaskedBatch,
  seed: number,
  update: number,
): { readonly time: HostTensor; readonly features: HostTensor } {
  const random = randomStream(seed, 'SpecAugment', update);
  const below = (bound: number): number => (bound > 0 ? random.integer(bound) : 0);
  const masked = (width: number, length: number, masks: number, widest: number): Float32Array => {
    const values = new Float32Array(size * width).fill(1);
    const widths = lengths.map(() => Array.from({ length: masks }, () => below(widest)));
    const places = Math.max(1, length - Math.max(0, ...widths.flat()));
    for (const [row, own] of widths.entries()) {
      const into = values.subarray(row * width, (row + 1) * width);
      for (const span of own) {
        const start = random.integer(places);
        into.fill(0, start, start + span);
      }
    }
    return values;
  };
  const { timeMasks, timeMaskFrames, featureMasks, featureMaskDims } = settings;
  const features = masked(dim, dim, featureMasks, featureMaskDims);
  const time = masked(frames, Math.max(0, ...lengths), timeMasks, timeMaskFrames);
  return { time: float32([size, frames, 1], time), features: float32([size, 1, dim], features) };
}

/** The dropout key of an update. */
export function dropoutKey(seed: number, update: number): HostTensor {
  return int32([], [hashKey([seed, 'head dropout', update])]);
}

/** @file Which utterances make a batch, an update and a part: by their lengths alone, packed as fairseq packs them. */

import { randomStream } from '../base/random.js';
import { bucketLength } from '../data/batches.js';
import type { FinetuneSettings } from './settings.js';

type Batching = FinetuneSettings['batch'];

/**
 * Batches of utterances by falling length, those of one length in random order: as many as are no more samples than allowed,
 * padding counted (longest times number); of more than `multiple`, a multiple of it (fairseq's batch_by_size).
 * @param lengths samples of each utterance
 * @returns places in `lengths`
 */
export function packBatches(
  lengths: readonly number[],
  { samples, multiple }: Pick<Batching, 'samples' | 'multiple'>,
  seed: number,
): number[][] {
  const at = (place: number): number => lengths[place] as number;
  const order = randomStream(seed, 'finetune ties')
    .shuffle([...lengths.keys()])
    .sort((a, b) => at(b) - at(a));
  const batches: number[][] = [];
  let batch: number[] = [];
  for (const place of order) {
    // The longest comes first.
    if (batch.length > 0 && (batch.length + 1) * at(batch[0] as number) > samples) {
      const whole = batch.length - (batch.length % multiple);
      const taken = whole === 0 ? batch.length : whole;
      batches.push(batch.slice(0, taken));
      batch = batch.slice(taken);
    }
    batch.push(place);
  }
  if (batch.length > 0) batches.push(batch);
  return batches;
}

/** The updates of epochs: batches in another random order each epoch, so many to an update, fewer at an epoch's end. */
export interface Epochs {
  readonly updatesAnEpoch: number;
  /** The numbers of the batches of an update, counted from 0. */
  batchesOf(update: number): readonly number[];
}

export function epochsOf(batches: number, accumulation: number, seed: number): Epochs {
  const updatesAnEpoch = Math.ceil(batches / accumulation);
  const orderOf = (epoch: number): number[] =>
    randomStream(seed, 'finetune epoch', epoch).shuffle(Array.from({ length: batches }, (_, i) => i));
  let last: { readonly epoch: number; readonly order: number[] } | undefined;
  return {
    updatesAnEpoch,
    batchesOf(update) {
      const epoch = Math.floor(update / updatesAnEpoch);
      if (last?.epoch !== epoch) last = { epoch, order: orderOf(epoch) };
      const first = (update % updatesAnEpoch) * accumulation;
      return last.order.slice(first, first + accumulation);
    },
  };
}

/** How finely lengths are told apart: in steps of a ninth. */
const stepsAnOctave = 8;
/** Shorter ones are padded to as many frames as this. */
const fewestFrames = 16;

/**
 * What so many samples are padded to: few different lengths, so few programs, and at most a ninth of padding.
 * @param encoder whose frames are counted
 */
export function paddedSamples(
  samples: number,
  { minimumSamples, hopSamples }: { readonly minimumSamples: number; readonly hopSamples: number },
): number {
  const frames = Math.max(1, Math.ceil((samples - minimumSamples) / hopSamples) + 1);
  const exponent = Math.ceil(stepsAnOctave * Math.log2(Math.max(frames, fewestFrames) / fewestFrames));
  const padded = Math.ceil(fewestFrames * 2 ** (exponent / stepsAnOctave));
  return minimumSamples + (padded - 1) * hopSamples;
}

/** A part of a batch: rows that are computed together. */
export interface Part {
  /** Rows of the batch before this part's. */
  readonly first: number;
  readonly rows: readonly number[];
  /** Rows of its shape: those beyond its own hold nothing. */
  readonly size: number;
  /** Samples of its shape. */
  readonly samples: number;
}

/**
 * A batch in parts of as many samples as may be computed at a time, padding counted; all have one shape.
 * @param rows places of the utterances
 * @param lengths samples of all utterances
 */
export function partsOf(
  rows: readonly number[],
  lengths: readonly number[],
  samplesAtOnce: number,
  encoder: Parameters<typeof paddedSamples>[1],
): Part[] {
  const longest = Math.max(...rows.map((row) => lengths[row] as number));
  const samples = paddedSamples(longest, encoder);
  const most = Math.max(1, Math.floor(samplesAtOnce / samples));
  const size = rows.length <= most ? rows.length : most;
  return Array.from({ length: Math.ceil(rows.length / size) }, (_, i) => {
    const first = i * size;
    return { first, rows: rows.slice(first, first + size), size, samples };
  });
}

/** Targets are padded to multiples of so many tokens. */
const bucketTokens = 16;

/**
 * What targets are padded to: by the samples of their shape alone, so that a shape of audio has one of targets.
 * @param targetLengths tokens of each utterance
 * @param lengths samples of each
 */
export function targetWidths(
  targetLengths: readonly number[],
  lengths: readonly number[],
  encoder: Parameters<typeof paddedSamples>[1],
): (samples: number) => number {
  const padded = lengths.map((length) => paddedSamples(length, encoder));
  const known = new Map<number, number>();
  return (samples) => {
    const longest = (): number =>
      targetLengths.reduce(
        (most, tokens, i) => ((padded[i] as number) <= samples ? Math.max(most, tokens) : most),
        1,
      );
    const width = known.get(samples) ?? bucketLength(longest(), bucketTokens);
    known.set(samples, width);
    return width;
  };
}

/** @file What an update computes with: audio, targets, masks and keys of its batches, part by part. */
import { float32, type HostTensor, int32 } from '../base/host-tensor.js';
import { hashKey, type RandomKey } from '../base/random.js';
import { waveformBatch } from '../encoders/batch.js';
import type { Encoder } from '../encoders/encoder.js';
import type { Given } from '../engine/engine.js';
import { type Epochs, epochsOf, type Part, packBatches, partsOf, targetWidths } from './batches.js';
import { framesOf, type Transcribed } from './data.js';
import { type BatchMasks, drawMasks, maskNoise, maskTensor } from './masks.js';
import type { UpdateInputs } from './model.js';
import type { FinetuneSettings } from './settings.js';

/** What the inputs of updates are made of. */
export interface InputSource {
  readonly encoder: Encoder;
  /** Whether masked frames hold noise. */
  readonly noisy: boolean;
  readonly train: readonly Transcribed[];
  readonly settings: FinetuneSettings;
  /** Samples of a part at most, padding counted. */
  readonly samplesAtOnce: number;
  /** The audio of a training utterance, by its place. */
  audio(place: number): Promise<Float32Array>;
}

export interface UpdateSource {
  readonly epochs: Epochs;
  /** The places of the utterances that an update trains on. */
  rowsOf(update: number): readonly number[];
  /** Their samples, padding left out. */
  samplesOf(update: number): number;
  /** The parts of an update. */
  partsOf(update: number): Promise<Given<UpdateInputs>[]>;
}

/** The inputs of every update: a matter of data, settings and its number alone. */
export function updateSource(source: InputSource): UpdateSource {
  const { encoder, train, settings } = source;
  const { batch, seed } = settings;
  const lengths = train.map(({ samples }) => Math.max(samples, encoder.minimumSamples));
  const batches = packBatches(lengths, batch, seed);
  const epochs = epochsOf(batches.length, batch.accumulation, seed);
  const widthOf = targetWidths(
    train.map(({ tokens }) => tokens.length),
    lengths,
    encoder,
  );
  const batchesOf = (update: number): number[][] => epochs.batchesOf(update).map((i) => batches[i] ?? []);
  return {
    epochs,
    rowsOf: (update) => batchesOf(update).flat(),
    samplesOf: (update) =>
      batchesOf(update)
        .flat()
        .reduce((sum, row) => sum + (lengths[row] as number), 0),
    async partsOf(update) {
      const parts: Given<UpdateInputs>[] = [];
      for (const [at, rows] of batchesOf(update).entries()) {
        const key: RandomKey = [seed, 'finetune', update, at];
        const frames = rows.map((row) => framesOf(encoder, train[row] as Transcribed));
        const masks = drawMasks(frames, encoder.dims[0] as number, settings.masking, key);
        for (const part of partsOf(rows, lengths, source.samplesAtOnce, encoder))
          parts.push(await partInputs(source, part, masks, key, widthOf));
      }
      return parts;
    },
  };
}

async function partInputs(
  { encoder, noisy, train, settings, audio }: InputSource,
  part: Part,
  masks: BatchMasks,
  key: RandomKey,
  widthOf: (samples: number) => number,
): Promise<Given<UpdateInputs>> {
  const { first, rows, size } = part;
  const samples = await Promise.all(rows.map(audio));
  const speech = waveformBatch(encoder, samples, part);
  const { frames, counts } = frameCounts(encoder, speech);
  const [longest, width] = [counts, encoder.dims[0] as number];
  const own = <T>(all: readonly T[]): readonly T[] => all.slice(first, first + rows.length);
  const hidden = own(masks.frames).map((row) => row.subarray(0, longest));
  return {
    speech,
    text: {
      ...targetTensors(
        rows.map((row) => (train[row] as Transcribed).tokens),
        size,
        widthOf(part.samples),
      ),
      frames,
      counts: float32(
        [size],
        Array.from({ length: size }, (_, row) => (row < rows.length ? 1 : 0)),
      ),
    },
    masks: {
      frames: maskTensor(hidden, size, longest),
      channels: maskTensor(own(masks.channels), size, width),
      ...(noisy && { noise: maskNoise(hidden, [size, longest, width], settings.masking.noise, first, key) }),
    },
    key: int32([2], [hashKey(key), first]),
  };
}

/** Own frames of each row, int32 [batch], and frames of the shape. */
export function frameCounts(
  encoder: Pick<Encoder, 'minimumSamples' | 'hopSamples'>,
  { waveform, lengths }: { readonly waveform: HostTensor; readonly lengths: HostTensor },
): { readonly frames: HostTensor; readonly counts: number } {
  const own = Array.from(lengths.data, (samples) => framesOf(encoder, { samples }));
  return {
    frames: int32([own.length], own),
    counts: framesOf(encoder, { samples: waveform.shape[1] as number }),
  };
}

function targetTensors(
  targets: readonly (readonly number[])[],
  size: number,
  width: number,
): { readonly targets: HostTensor; readonly targetLengths: HostTensor } {
  const padded = new Int32Array(size * width);
  for (const [row, target] of targets.entries()) padded.set(target, row * width);
  const lengths = Array.from({ length: size }, (_, row) => targets[row]?.length ?? 0);
  return { targets: int32([size, width], padded), targetLengths: int32([size], lengths) };
}

/** @file From utterances to features: one after the other or several of one length at once, the next ones' audio read meanwhile. */

import { UserError } from '../base/errors.js';
import { floatsOf, type HostTensor } from '../base/host-tensor.js';
import { longestUtteranceSeconds, readUtterance } from '../data/audio.js';
import { decodePool } from '../data/decoding.js';
import { inputThreads } from '../data/input-threads.js';
import type { Utterance } from '../data/rows.js';
import type { Encoder } from '../encoders/encoder.js';
import type { Engine } from '../engine/engine.js';
import { areBelowLargest } from '../formats/half.js';
import { equalLengths, type Sharing, sharingOn } from './equal-lengths.js';
import { type Extractor, extractHiddenStates, extractPooled, type Means } from './extract.js';
import { type Layer, type StoredType, storedData, type UtteranceFeatures } from './shards.js';

/** `pooled`: the mean over time of every layer. `frames`: every frame of every layer. */
export type FeatureKind = 'pooled' | 'frames';

interface Encoding {
  /** Of each layer, [rows, dim]; of means one for all. */
  readonly layers: readonly Layer[];
  readonly rows: number;
  readonly encoderFrames: number;
}

/** Encodes an utterance. */
export interface Encode {
  (samples: Float32Array): Promise<Encoding>;
  /** What runs together: where it is absent, each utterance is run alone. */
  readonly sharing?: { readonly limits: Sharing; together: Together } | undefined;
  dispose(): Promise<void>;
}

/** Encodes utterances of one length. */
type Together = (utterances: readonly Float32Array[]) => Promise<Encoding[]>;

/**
 * Means are taken of several utterances at once. Frames are those of each utterance alone: where the disk has no room for them they
 * are computed again when they are read, and are to be the same.
 */
export function encoderOf(engine: Engine, encoder: Encoder, kind: FeatureKind, type: StoredType): Encode {
  if (kind === 'pooled') {
    const extract = extractPooled(engine, encoder);
    const encodingOf = ({ means, frames }: Means): Encoding => ({
      layers: [floatsOf(means)],
      rows: 1,
      encoderFrames: frames,
    });
    const encode = async (samples: Float32Array): Promise<Encoding> => encodingOf(await extract(samples));
    const together: Together = async (utterances) => (await extract.together(utterances)).map(encodingOf);
    const sharing = { limits: sharingOn(engine), together };
    return Object.assign(encode, { sharing, dispose: extract.dispose });
  }
  const extract = extractFrames(engine, encoder, type);
  const encode = async (samples: Float32Array): Promise<Encoding> => {
    const layers = await extract(samples);
    const rows = (layers[0]?.length ?? 0) / (encoder.dims[0] ?? 1);
    return { layers, rows, encoderFrames: rows };
  };
  return Object.assign(encode, { dispose: extract.dispose });
}

/** Frames of every layer: in halves where they are stored so and none might have been beyond their range. */
function extractFrames(engine: Engine, encoder: Encoder, type: StoredType): Extractor<Layer[]> {
  const extract = extractHiddenStates(engine, encoder, type);
  let exact: Extractor<HostTensor[]> | undefined;
  const frames = async (samples: Float32Array): Promise<Layer[]> => {
    const states = await extract(samples);
    if (states.every(({ data }) => !(data instanceof Uint16Array) || areBelowLargest(data)))
      return states.map(({ data }) => data as Layer);
    // These show how large they are.
    exact ??= extractHiddenStates(engine, encoder);
    return (await exact(samples)).map(floatsOf);
  };
  const dispose = async (): Promise<void> => {
    await extract.dispose();
    await exact?.dispose();
  };
  return Object.assign(frames, { dispose });
}

/** Encodes the utterances of a shard. */
export async function encodeAll(
  utterances: readonly Utterance[],
  work: {
    readonly encode: Encode;
    /** How they are stored. */
    readonly type: StoredType;
    readonly audio?: AudioAhead | undefined;
    /** Told how many of them are done. */
    readonly onProgress: (done: number) => void;
    /** Told of audio that cannot be used; it may throw. */
    readonly onBad: (error: UserError) => void;
  },
): Promise<{ features: UtteranceFeatures[]; encoderFrames: number; seconds: number }> {
  const { encode, type, audio, onProgress, onBad } = work;
  const started = performance.now();
  const features: UtteranceFeatures[] = [];
  let encoderFrames = 0;
  let done = 0;
  for await (const batch of batchesOf(utterances, encode, audio)) {
    done += batch.length;
    onProgress(done);
    const [{ place, utterance, samples }] = batch as [Placed];
    if (samples instanceof Error) {
      onBad(samples);
      features[place] = { id: utterance.id, rows: 0, data: new Uint8Array(), bad: samples.message };
      continue;
    }
    const all = batch.map((each) => each.samples as Float32Array);
    const encoded = all.length === 1 ? [await encode(samples)] : await encode.sharing?.together(all);
    for (const [i, { layers, rows, encoderFrames: frames }] of (encoded ?? []).entries()) {
      const { place: own, utterance: of } = batch[i] as Placed;
      encoderFrames += frames;
      features[own] = { id: of.id, rows, data: storedData(of.id, layers, type) };
    }
  }
  return { features, encoderFrames, seconds: (performance.now() - started) / 1000 };
}

/** An utterance, and which of them it is. */
interface Placed extends Decoded {
  readonly place: number;
}

/** What is run at once: utterances of one length where several may share a run, else each alone. */
function batchesOf(
  utterances: readonly Utterance[],
  { sharing }: Encode,
  audio: AudioAhead | undefined,
): AsyncIterable<readonly Placed[]> {
  const none: Sharing = { mostUtterances: 1, mostSamples: 0 };
  return equalLengths(placed(utterances, audio), sharing?.limits ?? none, ({ samples }) =>
    samples instanceof Error ? undefined : samples.length,
  );
}

async function* placed(
  utterances: readonly Utterance[],
  audio: AudioAhead | undefined,
): AsyncGenerator<Placed> {
  let place = 0;
  for await (const decoded of decodedAhead(utterances, audio)) yield { ...decoded, place: place++ };
}

/** What became of an utterance's audio: its samples, or why there are none. */
export interface Decoded {
  readonly utterance: Utterance;
  readonly samples: Float32Array | UserError;
}

/** How audio is read before its turn comes. */
export interface AudioAhead {
  /** The samples of an utterance. @throws UserError as `readUtterance` */
  read(utterance: Utterance): Promise<Float32Array>;
  /** How many utterances are read while one is used. */
  readonly count: number;
}

/** One while the one before is encoded. */
const oneAhead: AudioAhead = {
  read: (utterance) => readUtterance(utterance, longestUtteranceSeconds),
  count: 1,
};

/** Audio for an engine: a device encodes faster than one thread decodes, so there several do. */
export function audioFor(engine: Engine): AudioAhead & { close(): Promise<void> } {
  if (engine.provider === 'cpu') return { ...oneAhead, close: async () => undefined };
  const threads = inputThreads(engine).decoding;
  const pool = decodePool(threads, longestUtteranceSeconds);
  return { read: (utterance) => pool.run(utterance), count: 2 * threads, close: pool.close };
}

/** The audio of utterances in turn, the next ones' read while this one's is used. */
export async function* decodedAhead(
  utterances: readonly Utterance[],
  { read, count }: AudioAhead = oneAhead,
): AsyncGenerator<Decoded> {
  const reading: Promise<Float32Array | Error>[] = [];
  for (const [i, utterance] of utterances.entries()) {
    for (const next of utterances.slice(i + reading.length, i + 1 + count))
      reading.push(samplesOrError(next, read));
    const samples = await reading.shift();
    if (samples === undefined) throw new Error(`utterance '${utterance.id}' was not read`);
    if (samples instanceof Error && !(samples instanceof UserError)) throw samples;
    yield { utterance, samples };
  }
}

/** The samples, or what went wrong: it matters when the utterance's turn comes. */
async function samplesOrError(utterance: Utterance, read: AudioAhead['read']): Promise<Float32Array | Error> {
  return read(utterance).catch((error: unknown) =>
    error instanceof Error ? error : new Error(String(error)),
  );
}

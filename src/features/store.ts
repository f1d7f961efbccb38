/** @file The feature store: an encoder's features of a corpus on disk, made once, resumed shard by shard. */
import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { readUtterance } from '../data/audio.js';
import type { Utterance } from '../data/rows.js';
import type { Encoder } from '../encoders/encoder.js';
import type { Engine } from '../engine/engine.js';
import { floatsOf } from '../engine/tree.js';
import { decodeHalves } from '../half.js';
import { createProgress, type Progress } from '../progress.js';
import { extractHiddenStates, extractPooled } from './extract.js';
import {
  bytesOf,
  readShard,
  type ShardDescription,
  type StoredType,
  shardPath,
  type UtteranceFeatures,
  writeShard,
} from './shards.js';

/** `pooled`: the mean over time of every layer. `frames`: every frame of every layer. */
export type FeatureKind = 'pooled' | 'frames';

export interface StoreOptions {
  readonly engine: Engine;
  readonly encoder: Encoder;
  readonly utterances: readonly Utterance[];
  readonly manifestHash: string;
  readonly kind: FeatureKind;
  /** Where stores are kept; this one gets a folder named by what is in it. */
  readonly folder: string;
  /** How frames are kept (default float16). Means are always float32. */
  readonly frameType?: StoredType;
  readonly quiet?: boolean;
}

/** Features of a corpus, read from disk an utterance at a time. */
export interface Features {
  readonly layers: number;
  readonly dim: number;
  /** Rows of each utterance, in the order it was opened with: its frames, or 1. */
  readonly rows: readonly number[];
  /** The features of one utterance: [layers, rows, dim]. */
  read(utterance: number): Float32Array;
  /** What making them took, this time or an earlier one. */
  readonly costs: { readonly seconds: number; readonly encoderFrames: number };
  close(): void;
}

/** Raised when the files' layout or the way of extracting changes. */
const storeVersion = 1;
/** How many shards a reader keeps open at once. */
const openFiles = 128;
const shardSizes: Readonly<Record<FeatureKind, number>> = { pooled: 512, frames: 64 };

/**
 * Opens the features of a corpus, extracting what is not yet on disk.
 * A killed run loses at most the shard it was making; a damaged shard is made again.
 * @throws UserError for audio that cannot be read or a folder that cannot be written
 */
export async function openFeatures(options: StoreOptions): Promise<Features> {
  const { encoder, utterances, kind } = options;
  const type = kind === 'pooled' ? 'float32' : (options.frameType ?? 'float16');
  const folder = join(options.folder, storeName(options, type));
  const size = shardSizes[kind];
  const shards: (ShardDescription | undefined)[] = [];
  for (let start = 0; start < utterances.length; start += size) {
    const ids = utterances.slice(start, start + size).map(({ id }) => id);
    shards.push(await readShard(folder, shards.length, ids));
  }
  if (shards.includes(undefined)) await fillShards(options, folder, type, size, shards);
  return readerOf(shards as ShardDescription[], folder, type, size, encoder);
}

/** The folder of a store: a digest of all that decides its contents. */
function storeName({ encoder, manifestHash, kind, engine }: StoreOptions, type: StoredType): string {
  const key = [storeVersion, encoder.hash, manifestHash, kind, type, engine.name, engine.provider];
  return `${kind}-${createHash('sha256').update(JSON.stringify(key)).digest('hex').slice(0, 24)}`;
}

async function fillShards(
  options: StoreOptions,
  folder: string,
  type: StoredType,
  size: number,
  shards: (ShardDescription | undefined)[],
): Promise<void> {
  const { encoder, utterances, quiet = false } = options;
  const ready = shards.reduce((count, shard) => count + (shard?.ids.length ?? 0), 0);
  const progress = createProgress(`features of ${encoder.name}`, utterances.length, {
    quiet,
    initial: ready,
  });
  const extract = extractorOf(options);
  let done = ready;
  try {
    for (const [index, shard] of shards.entries()) {
      if (shard !== undefined) continue;
      const part = utterances.slice(index * size, (index + 1) * size);
      const { features, ...costs } = await encodeAll(part, extract, progress, done);
      shards[index] = await writeShard(folder, index, features, type, costs);
      done += part.length;
    }
  } finally {
    progress.stop();
    await extract.dispose();
  }
}

interface Encoding {
  readonly values: Float32Array;
  readonly rows: number;
  readonly encoderFrames: number;
}

type EncodeOne = ((samples: Float32Array) => Promise<Encoding>) & { dispose(): Promise<void> };

function extractorOf({ engine, encoder, kind }: StoreOptions): EncodeOne {
  if (kind === 'pooled') {
    const extract = extractPooled(engine, encoder);
    const encode = async (samples: Float32Array): Promise<Encoding> => {
      const { means, frames } = await extract(samples);
      return { values: floatsOf(means), rows: 1, encoderFrames: frames };
    };
    return Object.assign(encode, { dispose: extract.dispose });
  }
  const extract = extractHiddenStates(engine, encoder);
  const encode = async (samples: Float32Array): Promise<Encoding> => {
    const states = (await extract(samples)).map(floatsOf);
    const rows = (states[0]?.length ?? 0) / (encoder.dims[0] ?? 1);
    const values = new Float32Array(states.reduce((sum, state) => sum + state.length, 0));
    let offset = 0;
    for (const state of states) {
      values.set(state, offset);
      offset += state.length;
    }
    return { values, rows, encoderFrames: rows };
  };
  return Object.assign(encode, { dispose: extract.dispose });
}

/** Encodes utterances one after the other; the next one's audio is read meanwhile. */
async function encodeAll(
  utterances: readonly Utterance[],
  extract: EncodeOne,
  progress: Progress,
  done: number,
): Promise<{ features: UtteranceFeatures[]; encoderFrames: number; seconds: number }> {
  const started = performance.now();
  const features: UtteranceFeatures[] = [];
  let encoderFrames = 0;
  let next = utterances[0] && readUtterance(utterances[0]);
  for (const [i, utterance] of utterances.entries()) {
    const samples = await next;
    const following = utterances[i + 1];
    next = following && readUtterance(following);
    // An error of the audio read ahead is thrown when its turn comes; until then it must not go unhandled.
    next?.catch(() => undefined);
    if (samples === undefined) throw new Error(`'${utterance.id}' was not read`);
    const { values, rows, encoderFrames: frames } = await extract(samples);
    encoderFrames += frames;
    features.push({ id: utterance.id, rows, values });
    progress.update(done + i + 1);
  }
  return { features, encoderFrames, seconds: (performance.now() - started) / 1000 };
}

function readerOf(
  shards: readonly ShardDescription[],
  folder: string,
  type: StoredType,
  size: number,
  { dims }: Encoder,
): Features {
  const [layers, dim] = [dims.length, dims[0] ?? 0];
  if (dims.some((width) => width !== dim))
    throw new Error('the hidden states of one encoder differ in width');
  const rows = shards.flatMap((shard) => shard.rows);
  const offsets = shards.flatMap((shard) =>
    startsOf(shard.rows.map((count) => count * layers * dim * bytesOf[type])),
  );
  const files = new Map<number, number>();
  const fileOf = (shard: number): number => {
    const known = files.get(shard);
    if (known !== undefined) return known;
    const [oldest] = files;
    if (oldest !== undefined && files.size >= openFiles) {
      closeSync(oldest[1]);
      files.delete(oldest[0]);
    }
    const file = openSync(shardPath(folder, shard, 'bin'), 'r');
    files.set(shard, file);
    return file;
  };
  return {
    layers,
    dim,
    rows,
    read(utterance) {
      const count = rows[utterance];
      if (count === undefined) throw new Error(`there is no utterance ${utterance} in this store`);
      const values = new Float32Array(layers * count * dim);
      const stored = type === 'float16' ? new Uint16Array(values.length) : values;
      const read = readSync(
        fileOf(Math.floor(utterance / size)),
        stored,
        0,
        stored.byteLength,
        offsets[utterance] as number,
      );
      if (read !== stored.byteLength) throw new Error(`the store ${folder} changed while it was read`);
      if (stored instanceof Uint16Array) decodeHalves(stored, values);
      return values;
    },
    costs: {
      seconds: shards.reduce((sum, shard) => sum + shard.seconds, 0),
      encoderFrames: shards.reduce((sum, shard) => sum + shard.encoderFrames, 0),
    },
    close() {
      for (const file of files.values()) closeSync(file);
      files.clear();
    },
  };
}

/** Where each of these sizes starts when they stand one after the other. */
function startsOf(sizes: readonly number[]): number[] {
  let next = 0;
  return sizes.map((size) => {
    const start = next;
    next += size;
    return start;
  });
}

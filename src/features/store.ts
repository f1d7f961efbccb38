/** @file The feature store: an encoder's features of a corpus on disk, made once, resumed shard by shard. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { isUsable, longestUtteranceSeconds, readUtterance } from '../data/audio.js';
import type { Utterance } from '../data/rows.js';
import type { Encoder } from '../encoders/encoder.js';
import type { Engine } from '../engine/engine.js';
import { floatsOf } from '../engine/tree.js';
import { UserError } from '../errors.js';
import { createProgress, type Progress } from '../progress.js';
import { extractHiddenStates, extractPooled } from './extract.js';
import { type Features, readerOf } from './reader.js';
import {
  readShard,
  type ShardDescription,
  type StoredType,
  type UtteranceFeatures,
  writeShard,
} from './shards.js';

export type { Features } from './reader.js';

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
  /** How many utterances may have audio that cannot be used (default: none). They get no rows. */
  readonly mostBad?: number;
}

/** Raised when the files' layout or the way of extracting changes. */
const storeVersion = 1;
const shardSizes: Readonly<Record<FeatureKind, number>> = { pooled: 512, frames: 64 };

/**
 * Opens the features of a corpus, extracting what is not yet on disk.
 * A killed run loses at most the shard it was making; a damaged shard is made again.
 * @throws UserError for more bad audio than `mostBad`, or a folder that cannot be written
 */
export async function openFeatures(options: StoreOptions): Promise<Features> {
  const { encoder, utterances, kind } = options;
  const type = kind === 'pooled' ? 'float32' : (options.frameType ?? 'float16');
  const folder = join(options.folder, storeName(options, type));
  const size = shardSizes[kind];
  const shards: (ShardDescription | undefined)[] = [];
  for (let start = 0; start < utterances.length; start += size) {
    const part = utterances.slice(start, start + size);
    const ids = part.map(({ id }) => id);
    const shard = await readShard(folder, shards.length, ids);
    // What was bad may have been mended, or its disk may be back.
    const again = part.filter(({ id }) => shard?.bad?.[id] !== undefined);
    const mended = (await Promise.all(again.map((each) => isUsable(each, longestUtteranceSeconds)))).includes(
      true,
    );
    shards.push(mended ? undefined : shard);
  }
  const known = shards.reduce((count, shard) => count + Object.keys(shard?.bad ?? {}).length, 0);
  checkBad(options, known, Object.values(shards.find((shard) => shard?.bad)?.bad ?? {})[0]);
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
  let bad = shards.reduce((count, shard) => count + Object.keys(shard?.bad ?? {}).length, 0);
  const onBad = (error: UserError): void => {
    bad++;
    checkBad(options, bad, error.message, error);
  };
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
      const { features, ...costs } = await encodeAll(part, { extract, progress, done, onBad });
      shards[index] = await writeShard(folder, index, features, type, costs);
      done += part.length;
    }
  } finally {
    progress.stop();
    await extract.dispose();
  }
}

/** @throws UserError when more utterances are bad than may be; the error itself where none may be */
function checkBad(
  { utterances, mostBad = 0 }: StoreOptions,
  bad: number,
  reason: string | undefined,
  error?: UserError,
): void {
  if (bad <= mostBad) return;
  if (mostBad === 0 && error !== undefined) throw error;
  throw new UserError(
    `${bad} of ${utterances.length} utterances have audio that cannot be used, and ${mostBad} may: ${reason}`,
    { mend: 'Mend the audio or take it out of the manifest, or allow more with --max-bad', cause: error },
  );
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
  work: {
    readonly extract: EncodeOne;
    readonly progress: Progress;
    readonly done: number;
    /** Told of audio that cannot be used; it may throw. */
    readonly onBad: (error: UserError) => void;
  },
): Promise<{ features: UtteranceFeatures[]; encoderFrames: number; seconds: number }> {
  const { extract, progress, done, onBad } = work;
  const started = performance.now();
  const features: UtteranceFeatures[] = [];
  let encoderFrames = 0;
  let next = utterances[0] && samplesOrError(utterances[0]);
  for (const [i, utterance] of utterances.entries()) {
    const samples = await next;
    const following = utterances[i + 1];
    next = following && samplesOrError(following);
    if (samples === undefined) throw new Error(`'${utterance.id}' was not read`);
    progress.update(done + i + 1);
    if (samples instanceof Error) {
      if (!(samples instanceof UserError)) throw samples;
      onBad(samples);
      features.push({ id: utterance.id, rows: 0, values: new Float32Array(), bad: samples.message });
      continue;
    }
    const { values, rows, encoderFrames: frames } = await extract(samples);
    encoderFrames += frames;
    features.push({ id: utterance.id, rows, values });
  }
  return { features, encoderFrames, seconds: (performance.now() - started) / 1000 };
}

/** The samples, or what went wrong: it matters when the utterance's turn comes. */
async function samplesOrError(utterance: Utterance): Promise<Float32Array | Error> {
  return readUtterance(utterance, longestUtteranceSeconds).catch((error: unknown) =>
    error instanceof Error ? error : new Error(String(error)),
  );
}

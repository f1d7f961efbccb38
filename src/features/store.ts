/** @file The feature store: an encoder's features of a corpus on disk, made once, resumed shard by shard. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { byteText } from '../base/byte-size.js';
import { type EngineIdentity, engineIdentity } from '../base/engine-identity.js';
import type { LockOptions } from '../base/lock.js';
import { longestUtteranceSeconds, readUtterance } from '../data/audio.js';
import type { Utterance } from '../data/rows.js';
import type { Encoder } from '../encoders/encoder.js';
import type { Engine } from '../engine/engine.js';
import { estimateFrameBytes, reserve } from './budget.js';
import { encoderOf, type FeatureKind } from './encoding.js';
import { badOf, checkBad, fillShards, findShard, isThere, type StorePlan } from './fill.js';
import { type Features, type Recompute, readerOf } from './reader.js';
import { asStored, type ShardDescription, type StoredType, shardName } from './shards.js';

/** How features are kept: one object for all who open stores. */
export interface FeatureStorage {
  /** Where stores are kept; each gets a folder named by what is in it. */
  readonly folder: string;
  /** What all stores in `folder` may take: frames that would go beyond it are computed whenever they are read. */
  readonly budgetBytes?: number | undefined;
  /** The share of utterances that may have audio that cannot be used (default: none). They get no rows. */
  readonly mostBad?: number | undefined;
  /** Whether stored data is read and compared with its checksum even where nothing says that it changed. */
  readonly verify?: boolean | undefined;
  /** How processes that share the work tell who still lives. */
  readonly lock?: LockOptions | undefined;
}

export interface StoreOptions {
  readonly engine: Engine;
  readonly encoder: Encoder;
  readonly utterances: readonly Utterance[];
  /** Tells the audio of the utterances apart from any other. */
  readonly audioHash: string;
  readonly kind: FeatureKind;
  readonly storage: FeatureStorage;
  /** How frames are kept (default float16). Means are always float32. */
  readonly frameType?: StoredType;
  readonly quiet?: boolean;
  /** Told that frames are not stored. */
  readonly remark?: (text: string) => void;
  /** Told how many of the utterances that are to have features have them. */
  readonly onProgress?: (done: number) => void;
}

/** What a store's folder is named by. */
export interface StoreIdentity {
  readonly encoderHash: string;
  readonly audioHash: string;
  readonly kind: FeatureKind;
  readonly frameType?: StoredType | undefined;
  readonly engine: EngineIdentity;
}

/** The part `index` (counted from 0) of `of` nearly equal ones. */
export interface Part {
  readonly index: number;
  readonly of: number;
}

/** Raised when the files' layout or the way of extracting changes. */
export const storeVersion = 2;

const shardSizes: Readonly<Record<FeatureKind, number>> = { pooled: 512, frames: 64 };

/**
 * Opens the features of a corpus, extracting what is not yet on disk. Any number of processes may do so at the same
 * time: each takes shards that no other is making. A killed one loses at most the shard it was making; a damaged
 * shard is made again.
 * @throws UserError for more bad audio than `mostBad`, or a folder that cannot be written
 */
export async function openFeatures(options: StoreOptions): Promise<Features> {
  const plan = planOf(options);
  const { shards, keep } = await make(options, plan);
  checkBad(plan.utterances.length, plan.mostBad, badOf(shards), firstReason(shards));
  const whole = shards as ShardDescription[];
  const recompute = keep ? undefined : recomputeOf(plan);
  return readerOf(whole, plan.folder, plan.type, plan.size, plan.encoder, recompute);
}

/**
 * Makes one part of a store's shards, where it is missing: several jobs may each make a part of one store.
 * @returns how many shards the part has
 * @throws UserError as `openFeatures`
 */
export async function extractPart(options: StoreOptions, part: Part): Promise<number> {
  const { made } = await make(options, planOf(options), part);
  return made.length;
}

/** How many shards a store has: more parts than that would have nothing to do. */
export function shardsOf(utterances: number, kind: FeatureKind): number {
  return Math.ceil(utterances / shardSizes[kind]);
}

/**
 * The share of a part's shards that a store has, by their descriptions alone: what is damaged counts, as nothing is read.
 * @param store its folder
 */
export function storedShare(
  store: string,
  utterances: number,
  kind: FeatureKind,
  { index, of }: Part,
): number {
  const count = shardsOf(utterances, kind);
  const wanted = Array.from({ length: count }, (_, shard) => shard).filter((shard) => shard % of === index);
  const there = new Set(existsSync(store) ? readdirSync(store) : []);
  const found = wanted.filter((shard) => there.has(`${shardName(shard)}.json`)).length;
  return wanted.length === 0 ? 1 : found / wanted.length;
}

function planOf(options: StoreOptions): StorePlan {
  const { engine, encoder, utterances, kind, storage, quiet = false } = options;
  const { verify = false, lock = {} } = storage;
  const mostBad = Math.floor((storage.mostBad ?? 0) * utterances.length);
  const { onProgress = () => undefined } = options;
  const type = typeOf(kind, options.frameType);
  const folder = join(storage.folder, storeName({ ...options, encoderHash: encoder.hash }));
  const size = shardSizes[kind];
  return { engine, encoder, utterances, kind, type, size, folder, mostBad, verify, quiet, onProgress, lock };
}

const typeOf = (kind: FeatureKind, frameType: StoredType = 'float16'): StoredType =>
  kind === 'pooled' ? 'float32' : frameType;

/** The folder of a store: a digest of all that decides its contents. */
export function storeName({ encoderHash, audioHash, kind, frameType, engine }: StoreIdentity): string {
  const type = typeOf(kind, frameType);
  const key = [storeVersion, encoderHash, audioHash, kind, type, ...engineIdentity(engine)];
  return `${kind}-${createHash('sha256').update(JSON.stringify(key)).digest('hex').slice(0, 24)}`;
}

async function make(
  options: StoreOptions,
  plan: StorePlan,
  { index: part, of }: Part = { index: 0, of: 1 },
): Promise<{
  readonly shards: (ShardDescription | undefined)[];
  readonly made: readonly number[];
  readonly keep: boolean;
}> {
  const count = shardsOf(plan.utterances.length, plan.kind);
  const shards = new Array<ShardDescription | undefined>(count).fill(undefined);
  const made = Array.from(shards.keys()).filter((index) => index % of === part);
  for (const index of made) shards[index] = await findShard(plan, index);
  const missing = (keep: boolean): boolean => made.some((index) => !isThere(shards[index], keep));
  const keep = !missing(true) || (await mayKeep(options, plan));
  checkBad(plan.utterances.length, plan.mostBad, badOf(shards), firstReason(shards));
  if (missing(keep)) await fillShards(plan, shards, made, keep);
  return { shards, made, keep };
}

const firstReason = (shards: readonly (ShardDescription | undefined)[]): string | undefined =>
  Object.values(shards.find((shard) => shard?.bad)?.bad ?? {})[0];

/** Whether the budget has room for the frames of this corpus. */
async function mayKeep(options: StoreOptions, plan: StorePlan): Promise<boolean> {
  const { budgetBytes, folder: root } = options.storage;
  if (budgetBytes === undefined || plan.kind === 'pooled') return true;
  const bytes = await estimateFrameBytes(plan.encoder, plan.utterances, plan.type);
  const name = basename(plan.folder);
  const { fits, othersBytes } = await reserve({ root, name, budgetBytes, bytes, lock: plan.lock });
  if (fits) return true;
  const text =
    `feature budget: ${byteText(othersBytes)} of ${byteText(budgetBytes)} used, ${plan.encoder.name} needs ${byteText(bytes)}; ` +
    'its frames will be recomputed instead of stored';
  options.remark?.(text);
  return false;
}

/** The frames of one utterance, as a store would have given them. */
function recomputeOf({ engine, encoder, utterances, kind, type }: StorePlan): Recompute {
  const encode = encoderOf(engine, encoder, kind, type);
  const compute = async (place: number): Promise<Float32Array> => {
    const utterance = utterances[place];
    if (utterance === undefined) throw new Error(`this store has no utterance ${place}`);
    const { layers } = await encode(await readUtterance(utterance, longestUtteranceSeconds));
    return asStored(utterance.id, layers, type);
  };
  return Object.assign(compute, { dispose: encode.dispose });
}

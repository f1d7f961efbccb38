/** @file Shards of a feature store: a binary file and its description, each written whole, its data checked when it is first met. */
import { createHash } from 'node:crypto';
import { readdir, readFile, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { UserError } from '../base/errors.js';
import { fileStatus, writeFileAtomic } from '../base/files.js';
import { decodeHalves, encodeHalves } from '../formats/half.js';
import { isVerified, noteVerified } from './trust.js';

export const storedTypes = ['float32', 'float16'] as const;
export type StoredType = (typeof storedTypes)[number];

export const bytesOf: Readonly<Record<StoredType, number>> = { float32: 4, float16: 2 };

const shardSchema = z.strictObject({
  /** The utterances in the shard, in order. */
  ids: z.array(z.string()),
  /** Rows of each utterance in every layer: its frames, or 1 for a mean; 0 where its audio cannot be used. */
  rows: z.array(z.int().nonnegative()),
  /** What is wrong with the audio of the utterances without rows, by id. */
  bad: z.record(z.string(), z.string()).optional(),
  /** How many frames the encoder gave for them. */
  encoderFrames: z.int().nonnegative(),
  /** How long reading and encoding took. */
  seconds: z.number().nonnegative(),
  /** Of the data, kept or not. */
  sha256: z.hash('sha256'),
  /** False where the data was over the disk budget: it is computed again by whoever reads it. */
  kept: z.boolean().default(true),
});

export type ShardDescription = z.infer<typeof shardSchema>;

/** One utterance's features. */
export interface UtteranceFeatures {
  readonly id: string;
  readonly rows: number;
  /** As they are stored: [layers, rows, dim]. */
  readonly data: Uint8Array;
  /** What is wrong with its audio, where there are no rows. */
  readonly bad?: string;
}

export const shardName = (index: number): string => `shard-${String(index).padStart(5, '0')}`;

const descriptionPath = (folder: string, index: number): string => join(folder, `${shardName(index)}.json`);

/** Named by its content, so that a description never goes with the data of another. */
export function dataPath(folder: string, index: number, { sha256 }: ShardDescription): string {
  return join(folder, `${shardName(index)}-${sha256.slice(0, 16)}.bin`);
}

/**
 * Writes a shard: the data first, then the description, without which the data does not count.
 * @param kept whether the data is stored, or only what there is to know of it
 */
export async function writeShard(
  folder: string,
  index: number,
  utterances: readonly UtteranceFeatures[],
  costs: { readonly encoderFrames: number; readonly seconds: number },
  kept = true,
): Promise<ShardDescription> {
  const chunks = utterances.map(({ data }) => data);
  const hash = createHash('sha256');
  for (const chunk of chunks) hash.update(chunk);
  const bad = utterances.flatMap((each) => (each.bad === undefined ? [] : [[each.id, each.bad] as const]));
  const description: ShardDescription = {
    ids: utterances.map(({ id }) => id),
    rows: utterances.map(({ rows }) => rows),
    ...(bad.length > 0 && { bad: Object.fromEntries(bad) }),
    ...costs,
    sha256: hash.digest('hex'),
    kept,
  };
  if (kept) {
    const data = dataPath(folder, index, description);
    await writeFileAtomic(data, chunks);
    const status = await fileStatus(data);
    if (status !== undefined) await noteVerified(data, status);
  }
  await writeFileAtomic(descriptionPath(folder, index), `${JSON.stringify(description)}\n`);
  await removeOthers(folder, index, description);
  return description;
}

/** Removes data of this shard that no description goes with, and what a killed writer left. The shard is locked. */
async function removeOthers(folder: string, index: number, description: ShardDescription): Promise<void> {
  const own = basename(dataPath(folder, index, description));
  for (const name of await readdir(folder)) {
    const data = name.startsWith(`${shardName(index)}-`) && !(description.kept && name.startsWith(own));
    const unfinished = name.startsWith(`.${shardName(index)}`) && name.endsWith('.tmp');
    if (data || unfinished) await rm(join(folder, name), { force: true });
  }
}

/** Features as they are after a stay on disk; layers as in `storedData`. */
export function asStored(id: string, layers: readonly Layer[], type: StoredType): Float32Array {
  const data = storedData(id, layers, type);
  if (type === 'float32') return new Float32Array(data.buffer);
  const halves = new Uint16Array(data.buffer);
  const rounded = new Float32Array(halves.length);
  decodeHalves(halves, rounded);
  return rounded;
}

/** A layer's values, or finite halves of them. */
export type Layer = Float32Array | Uint16Array;

/**
 * Features as they are stored, one layer after the other.
 * @param layers each [rows, dim]; halves are for `float16` alone
 * @throws UserError where a value is not finite, or beyond the range of the type
 */
export function storedData(id: string, layers: readonly Layer[], type: StoredType): Uint8Array<ArrayBuffer> {
  const length = layers.reduce((sum, layer) => sum + layer.length, 0);
  const all = type === 'float16' ? new Uint16Array(length) : new Float32Array(length);
  let offset = 0;
  for (const layer of layers) {
    if (layer instanceof Uint16Array) all.set(layer, offset);
    else if (all instanceof Float32Array) {
      largestOf(id, layer);
      all.set(layer, offset);
    } else if (!encodeHalves(layer, all, offset)) throw beyondHalves(id, largestOf(id, layer));
    offset += layer.length;
  }
  return new Uint8Array(all.buffer);
}

const beyondHalves = (id: string, largest: number): UserError =>
  new UserError(`the features of '${id}' reach ${largest}, which is beyond the range of half precision`, {
    exitCode: 1,
    hint: "Set the task's setting frameType to float32",
  });

/** The largest magnitude of features. @throws UserError where one is not finite */
export function largestOf(id: string, values: Float32Array): number {
  let largest = 0;
  for (let i = 0; i < values.length; i++) {
    const magnitude = Math.abs(values[i] as number);
    // Written so that a NaN is taken too.
    if (!(magnitude <= largest)) largest = magnitude;
    if (Number.isNaN(largest)) break;
  }
  if (Number.isFinite(largest)) return largest;
  throw new UserError(`the features of '${id}' contain NaN or infinity`, {
    exitCode: 1,
    hint: 'Check the encoder: its training may have diverged',
  });
}

/**
 * The description of a shard that holds exactly these utterances, else undefined.
 * Its data, where it is kept, is whole: all of it was compared with the checksum, now or when it was made or first met.
 * @param verify reads the data even where nothing says that it changed
 */
export async function readShard(
  folder: string,
  index: number,
  ids: readonly string[],
  verify = false,
): Promise<ShardDescription | undefined> {
  try {
    const parsed = shardSchema.safeParse(JSON.parse(await readFile(descriptionPath(folder, index), 'utf8')));
    if (!parsed.success || parsed.data.rows.length !== ids.length) return undefined;
    if (parsed.data.ids.some((id, i) => id !== ids[i])) return undefined;
    if (!parsed.data.kept) return parsed.data;
    const { sha256 } = parsed.data;
    return (await isVerified(dataPath(folder, index, parsed.data), sha256, verify)) ? parsed.data : undefined;
  } catch {
    // Absent, cut off or unreadable: the shard is made again, and a folder that cannot be written says so then.
    return undefined;
  }
}

/** @file Reads features out of the shards of a store. */
import { closeSync, openSync, readSync } from 'node:fs';
import { UserError } from '../base/errors.js';
import type { Encoder } from '../encoders/encoder.js';
import { decodeHalves } from '../formats/half.js';
import { bytesOf, dataPath, type ShardDescription, type StoredType } from './shards.js';

/** Features of a corpus, read from disk an utterance at a time. */
export interface Features {
  readonly layers: number;
  readonly dim: number;
  /** Rows of each utterance, in the order it was opened with: its frames, or 1; 0 for the bad ones. */
  readonly rows: readonly number[];
  /** What is wrong with the audio of utterances that have no rows, by their place. */
  readonly bad: ReadonlyMap<number, string>;
  /** The features of one utterance that are stored: [layers, rows, dim]. Means always are. */
  read(utterance: number): Float32Array;
  /** The same, computed by the encoder where they are not stored. */
  load(utterance: number): Promise<Float32Array>;
  /** What making them took, this time or an earlier one, and what computing them again has taken so far. */
  readonly costs: { readonly seconds: number; readonly encoderFrames: number };
  close(): Promise<void>;
}

/** Computes the features of one utterance as the store would give them. */
export type Recompute = ((utterance: number) => Promise<Float32Array>) & { dispose(): Promise<void> };

/** How many shards a reader keeps open at once. */
const openFiles = 128;

/** A reader of whole shards, each of `size` utterances but the last. */
export function readerOf(
  shards: readonly ShardDescription[],
  folder: string,
  type: StoredType,
  size: number,
  { dims }: Encoder,
  recompute?: Recompute,
): Features {
  const [layers, dim] = [dims.length, dims[0] ?? 0];
  if (dims.some((width) => width !== dim))
    throw new Error('the hidden states of one encoder differ in width');
  const rows = shards.flatMap((shard) => shard.rows);
  const offsets = shards.flatMap((shard) =>
    startsOf(shard.rows.map((count) => count * layers * dim * bytesOf[type])),
  );
  const ids = shards.flatMap((shard) => shard.ids.map((id) => shard.bad?.[id]));
  const bad = new Map(
    ids.flatMap((reason, place) => (reason === undefined ? [] : [[place, reason] as const])),
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
    const file = openData(dataPath(folder, shard, shards[shard] as ShardDescription));
    files.set(shard, file);
    return file;
  };
  let recomputed = 0;
  const read = (utterance: number): Float32Array => {
    const count = rows[utterance];
    if (count === undefined) throw new Error(`this store has no utterance ${utterance}`);
    const values = new Float32Array(layers * count * dim);
    const stored = type === 'float16' ? new Uint16Array(values.length) : values;
    const read = readSync(
      fileOf(Math.floor(utterance / size)),
      stored,
      0,
      stored.byteLength,
      offsets[utterance] as number,
    );
    if (read !== stored.byteLength) throw changed(folder);
    if (stored instanceof Uint16Array) decodeHalves(stored, values);
    return values;
  };
  return {
    layers,
    dim,
    rows,
    bad,
    read,
    async load(utterance) {
      if (shards[Math.floor(utterance / size)]?.kept !== false) return read(utterance);
      if (recompute === undefined) throw new Error(`the features of utterance ${utterance} are not stored`);
      const values = await recompute(utterance);
      const count = rows[utterance] as number;
      if (values.length !== layers * count * dim) throw changed(folder);
      recomputed += count;
      return values;
    },
    get costs() {
      return {
        seconds: shards.reduce((sum, shard) => sum + shard.seconds, 0),
        encoderFrames: shards.reduce((sum, shard) => sum + shard.encoderFrames, recomputed),
      };
    },
    async close() {
      for (const file of files.values()) closeSync(file);
      files.clear();
      await recompute?.dispose();
    },
  };
}

function openData(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (error) {
    throw changed(path, error);
  }
}

/** Audio was mended, or a file was damaged, after the store was opened. */
function changed(path: string, cause?: unknown): UserError {
  return new UserError('the features changed during reading', {
    exitCode: 1,
    file: path,
    hint: 'Run the command again',
    cause,
  });
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

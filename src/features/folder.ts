/** @file Hidden states of many utterances in a folder: files of their own, each made once. */
import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { sampleRateHz } from '../audio/index.js';
import { UserError } from '../base/errors.js';
import { floatsOf, type HostTensor } from '../base/host-tensor.js';
import { lockPath, takeLock } from '../base/lock.js';
import { createProgress } from '../base/progress.js';
import type { Utterance } from '../data/rows.js';
import type { Encoder } from '../encoders/encoder.js';
import type { Engine } from '../engine/engine.js';
import { writeNpy } from '../formats/npy.js';
import { writeSafetensors } from '../formats/safetensors.js';
import { audioFor, decodedAhead } from './encoding.js';
import { extractHiddenStates } from './extract.js';
import { checkBad } from './fill.js';
import {
  describeFolder,
  type FolderDescription,
  type FolderEntry,
  type FolderFormat,
  noteEntry,
  readIndex,
  writeIndex,
} from './folder-index.js';
import { fileNames } from './folder-names.js';
import { largestOf } from './shards.js';

export interface FolderRequest {
  readonly engine: Engine;
  readonly encoder: Encoder;
  readonly utterances: readonly Utterance[];
  /** What tells the audio of each utterance apart from any other. */
  readonly audioKeys: readonly string[];
  readonly folder: string;
  /** The hidden states that are wanted. */
  readonly layers: readonly number[];
  /** A file of all layers an utterance, or an array a layer. */
  readonly format: FolderFormat;
  /** The share of utterances that may have audio that cannot be used. */
  readonly mostBad: number;
  readonly quiet: boolean;
  /** Stops before the next utterance. */
  readonly signal?: AbortSignal | undefined;
}

export interface FolderResult {
  /** Made by this call, and found to be there. */
  readonly made: number;
  readonly reused: number;
  /** Left out, with what is wrong with their audio. */
  readonly skipped: readonly { readonly id: string; readonly reason: string }[];
  readonly isWhole: boolean;
}

/**
 * Writes the hidden states of utterances that are not there yet: `SPLIT/ID.safetensors`, or `SPLIT/hidden.L/ID.npy`.
 * @throws UserError when other features lie there, another process is writing there, more audio is bad than may be, or
 *   a file cannot be written; what is there stays, and the same call goes on
 */
export async function writeFeatureFolder(request: FolderRequest): Promise<FolderResult> {
  const { folder, utterances, audioKeys } = request;
  await describeFolder(folder, descriptionOf(request));
  const lock = await takeLock(lockPath(folder, 'features'));
  if (lock === undefined)
    throw new UserError('another process is writing to this folder', {
      file: folder,
      hint: 'Wait until it has finished',
    });
  try {
    const index = await readIndex(folder);
    const places = placesOf(request);
    const there = await filesThere([...places.values()].flat(), folder);
    const isDone = (utterance: Utterance, i: number): boolean => {
      const entry = index.get(utterance.id);
      const files = places.get(utterance.id) ?? [];
      return (
        entry?.key === audioKeys[i] &&
        `${entry?.files}` === `${files}` &&
        files.every((file) => there.has(file))
      );
    };
    const keys = new Map(utterances.map(({ id }, i) => [id, audioKeys[i] as string]));
    const todo = utterances.filter((utterance, i) => !isDone(utterance, i));
    // Its last line may have been cut off.
    await writeIndex(folder, index.values());
    const made = await make(request, todo, places, async (entry) => {
      const whole = { ...entry, key: keys.get(entry.id) ?? '' };
      index.set(entry.id, whole);
      await noteEntry(folder, whole);
    });
    await writeIndex(folder, index.values());
    return { ...made, reused: utterances.length - todo.length };
  } finally {
    await lock.release();
  }
}

function descriptionOf({ encoder, engine, layers, format }: FolderRequest): FolderDescription {
  const { name, family, hash, dims, hopSamples } = encoder;
  return {
    version: 1,
    encoder: { name, family, hash },
    engine: {
      ...{ name: engine.name, provider: engine.provider },
      ...(engine.precision !== 'fp32' && { precision: engine.precision }),
      ...(engine.deterministic && { deterministic: true }),
    },
    layers: [...layers],
    dims: layers.map((layer) => dims[layer] as number),
    hopSeconds: hopSamples / sampleRateHz,
    format,
  };
}

type Places = ReadonlyMap<string, readonly string[]>;

/** The files of each utterance, relative to the folder. */
function placesOf({ utterances, layers, format }: FolderRequest): Places {
  const names = fileNames(utterances.map(({ id }) => id));
  const splits = fileNames([...new Set(utterances.map(({ split }) => split))]);
  return new Map(
    utterances.map(({ id, split }) => {
      const [place, name] = [splits.get(split) as string, names.get(id) as string];
      const files =
        format === 'safetensors'
          ? [`${place}/${name}.safetensors`]
          : layers.map((layer) => `${place}/hidden.${layer}/${name}.npy`);
      return [id, files];
    }),
  );
}

/** Those of the files that are there. */
async function filesThere(files: readonly string[], folder: string): Promise<ReadonlySet<string>> {
  const there = new Set<string>();
  for (const place of new Set(files.map(dirname)))
    for (const name of await readdir(join(folder, place)).catch(() => [])) there.add(`${place}/${name}`);
  return there;
}

async function make(
  { engine, encoder, utterances, layers, mostBad, folder, format, quiet, signal }: FolderRequest,
  todo: readonly Utterance[],
  places: Places,
  onMade: (entry: Omit<FolderEntry, 'key'>) => Promise<void>,
): Promise<Omit<FolderResult, 'reused'>> {
  const skipped: { readonly id: string; readonly reason: string }[] = [];
  if (todo.length === 0) return { made: 0, skipped, isWhole: true };
  const initial = utterances.length - todo.length;
  const progress = createProgress(`features of ${encoder.name}`, utterances.length, { quiet, initial });
  const extract = extractHiddenStates(engine, encoder);
  const audio = audioFor(engine);
  const most = Math.floor(mostBad * utterances.length);
  let made = 0;
  try {
    for await (const { utterance, samples } of decodedAhead(todo, audio)) {
      if (signal?.aborted) return { made, skipped, isWhole: false };
      const { id, split } = utterance;
      if (samples instanceof UserError) {
        skipped.push({ id, reason: samples.message });
        checkBad(utterances.length, most, skipped.length, samples.message, samples);
        continue;
      }
      const states = await extract(samples);
      const wanted = layers.map((layer) => [layer, states[layer] as HostTensor] as const);
      for (const [, state] of wanted) largestOf(id, floatsOf(state));
      const files = places.get(id) ?? [];
      if (format === 'npy')
        for (const [i, [, state]] of wanted.entries()) await writeNpy(join(folder, files[i] ?? ''), state);
      else await writeSafetensors(join(folder, files[0] ?? ''), named(wanted), metadataOf(encoder, id));
      await onMade({
        id,
        split,
        files: [...files],
        frames: wanted[0]?.[1].shape[0] ?? 0,
        seconds: samples.length / sampleRateHz,
      });
      progress.update(initial + ++made + skipped.length);
    }
    return { made, skipped, isWhole: true };
  } finally {
    progress.stop();
    await extract.dispose();
    await audio.close();
  }
}

/** `hidden.0` and on, under which files keep hidden states. */
export function named(
  states: readonly (readonly [layer: number, state: HostTensor])[],
): Record<string, HostTensor> {
  return Object.fromEntries(states.map(([layer, state]) => [`hidden.${layer}`, state]));
}

/** Where the features in a file come from. */
export function metadataOf(encoder: Encoder, id?: string): Record<string, string> {
  return {
    encoder: encoder.name,
    encoderHash: encoder.hash,
    hopSeconds: String(encoder.hopSamples / sampleRateHz),
    ...(id !== undefined && { id }),
  };
}

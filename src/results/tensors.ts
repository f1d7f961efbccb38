/** @file Predictions that are tensors (embeddings, frames of labels): a safetensors file beside a record. */
import { rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Prediction } from '../api/head-kind.js';
import { UserError } from '../base/errors.js';
import { sha256OfFile } from '../base/files.js';
import type { HostTensor } from '../base/host-tensor.js';
import { openSafetensors, writeSafetensors } from '../formats/safetensors.js';
import { type ResultRecord, type StoredRecord, tensorsFileName } from './record.js';

/** Tensors of predictions by the name that they are stored under. */
export type NamedTensors = Readonly<Record<string, HostTensor>>;

/**
 * The tensors of predictions, each as `id/name`.
 * @param ids of the utterances, in the order of the predictions
 * @throws UserError where a name holds a slash: ids may
 */
export function namedTensors(ids: readonly string[], predictions: readonly Prediction[]): NamedTensors {
  return Object.fromEntries(
    predictions.flatMap(({ tensors = {} }, i) =>
      Object.entries(tensors).map(([name, tensor]) => {
        if (name.includes('/'))
          throw new UserError(`the tensor '${name}' of a prediction has a slash in its name`);
        return [`${ids[i]}/${name}`, tensor] as const;
      }),
    ),
  );
}

/** Writes them into a result's folder; where there are none, those of an earlier result go. */
export async function writeTensors(
  folder: string,
  tensors: NamedTensors,
  name = tensorsFileName,
): Promise<ResultRecord['tensors']> {
  const file = join(folder, name);
  if (Object.keys(tensors).length === 0) {
    await rm(file, { force: true });
    return undefined;
  }
  await writeSafetensors(file, tensors);
  return { file: name, hash: await sha256OfFile(file) };
}

export interface PredictionTensors {
  /** The ids that have tensors. */
  readonly ids: ReadonlySet<string>;
  /** Those of an utterance by their names: of the names asked for, the ones that it has. */
  of(id: string, names: readonly string[]): Promise<Readonly<Record<string, HostTensor>>>;
  close(): Promise<void>;
}

/**
 * The tensors beside a record, each read when it is asked for; undefined where the record has none.
 * @throws UserError where the file is missing, damaged, or not the record's own (it is read once for its hash)
 */
export async function openTensors({ path, record }: StoredRecord): Promise<PredictionTensors | undefined> {
  if (record.tensors === undefined) return undefined;
  const file = join(dirname(path), record.tensors.file);
  const hint = 'Run the task again to recreate record and predictions';
  if ((await stat(file).catch(() => undefined)) === undefined)
    throw new UserError(`the tensors of ${path} are missing`, { file, hint });
  if ((await sha256OfFile(file)) !== record.tensors.hash)
    throw new UserError('does not match its record: the tensors have changed', { file, hint });
  const { names: stored, read, close } = await openSafetensors(file);
  return {
    ids: new Set(stored.map((name) => name.slice(0, name.lastIndexOf('/')))),
    async of(id, names) {
      const found: [string, HostTensor][] = [];
      for (const name of names) {
        const tensor = await read(`${id}/${name}`);
        if (tensor !== undefined) found.push([name, tensor]);
      }
      return Object.fromEntries(found);
    },
    close,
  };
}

/** @file What every hidden state alone is worth to a task: a file beside the record, with the predictions of each. */

import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { engineIdentity } from '../base/engine-identity.js';
import { messageOf, UserError } from '../base/errors.js';
import { writeFileAtomic } from '../base/files.js';
import { jsonSource } from '../base/source-text.js';
import { checked } from '../base/validation.js';
import { writePredictions } from './predictions-file.js';
import { engineSchema, metricSchema, place, type ResultRecord, type StoredRecord, text } from './record.js';

/** Inside `<folder>/<encoder>/<task>/`, beside the record of the weighted sum. */
export const layersFileName = 'layers.json';
export const layersLinesFileName = 'layers.jsonl';

const format = 'ehmam layers 1';

const layersSchema = z.strictObject({
  format: z.literal(format),
  encoder: z.strictObject({ name: text, spec: place, hash: text, family: text }),
  task: z.strictObject({ name: text, version: z.int().positive() }),
  manifest: z.strictObject({ path: place, hash: text }),
  preset: text,
  seed: z.int(),
  engine: engineSchema,
  gitCommit: text.optional(),
  /** One a hidden state that a head was trained on alone. */
  layers: z
    .array(
      z.strictObject({
        /** Counted from 0. */
        layer: z.int().nonnegative(),
        metrics: z.record(text, metricSchema),
        /** The rate whose head was tested; null where folds chose different ones. */
        chosen: z.number().positive().nullable(),
        /** The best value of the first metric on dev; of folds, the mean over them. */
        devMetric: z.number(),
      }),
    )
    .min(1),
  /** JSON Lines: of an utterance a line, what was predicted from each of `layers`, in their order. */
  predictions: text,
  predictionsHash: z.hash('sha256'),
  costs: z.strictObject({ seconds: z.number().nonnegative() }),
  createdAt: z.iso.datetime(),
});

export type LayersOfTask = z.infer<typeof layersSchema>;
export type NewLayers = Omit<LayersOfTask, 'format' | 'predictions' | 'predictionsHash'>;

/** A line of the predictions. */
export interface LayersLine {
  readonly id: string;
  readonly reference: unknown;
  readonly predictions: readonly unknown[];
  readonly speaker?: string;
}

/**
 * Writes them into the folder of a result, the predictions first.
 * @throws UserError (exit code 1) when it cannot be written
 */
export async function writeLayers(
  folder: string,
  layers: NewLayers,
  lines: Iterable<LayersLine>,
): Promise<void> {
  const file = join(folder, layersFileName);
  // What cannot be removed cannot be written either, and that is said with its hint.
  await rm(file, { force: true }).catch(() => undefined);
  const predictionsHash = await writePredictions(join(folder, layersLinesFileName), lines);
  const whole = layersSchema.parse({ ...layers, format, predictions: layersLinesFileName, predictionsHash });
  await writeFileAtomic(file, `${JSON.stringify(whole, null, 2)}\n`);
}

/**
 * The hidden states beside a record, if there are any of the very same work.
 * @throws UserError for a file that is damaged
 */
export async function readLayers({ path, record }: StoredRecord): Promise<LayersOfTask | undefined> {
  const file = join(dirname(path), layersFileName);
  if (!existsSync(file)) return undefined;
  const hint = 'Run the task again with --layerwise to recreate it';
  const source = jsonSource(await readFile(file, 'utf8'), file, { hint, refuseDuplicates: false });
  const layers = checked(layersSchema, source, { hint });
  return isSameWork(layers, record) ? layers : undefined;
}

/** The lines of predictions, checked against their hash. */
export async function readLayersLines(
  { path }: Pick<StoredRecord, 'path'>,
  { predictions, predictionsHash }: LayersOfTask,
): Promise<LayersLine[]> {
  const file = join(dirname(path), predictions);
  const content = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new UserError(`cannot be read (${messageOf(error)})`, { file, cause: error });
  });
  if (createHash('sha256').update(content).digest('hex') !== predictionsHash)
    throw new UserError(`does not match ${layersFileName}: its predictions have changed`, {
      file,
      hint: 'Run the task again with --layerwise',
    });
  return content
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as LayersLine);
}

type Work = Pick<ResultRecord, 'encoder' | 'task' | 'manifest' | 'preset' | 'seed' | 'engine'>;

/** Whether two results are of one encoder, task, data, way of training, seed and engine. */
export function isSameWork(a: Work, b: Work): boolean {
  const of = ({ encoder, task, manifest, preset, seed, engine }: Work): string =>
    JSON.stringify([
      encoder.hash,
      task.name,
      task.version,
      manifest.hash,
      preset,
      seed,
      ...engineIdentity(engine),
    ]);
  return of(a) === of(b);
}

/** @file The record of a trained head on other utterances than its test split: no result of a task, and never read as one. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { messageOf, UserError } from '../base/errors.js';
import { writeFileAtomic } from '../base/files.js';
import { jsonSource } from '../base/source-text.js';
import { checked } from '../base/validation.js';
import { writePredictions } from './predictions-file.js';
import { engineSchema, metricSchema, type PredictionLine, place, skippedSchema, text } from './record.js';
import { type NamedTensors, writeTensors } from './tensors.js';

/** Inside the folder that `ehmam evaluate --out` names. */
export const evaluationFileName = 'evaluation.json';

const format = 'ehmam evaluation 1';

export const evaluationSchema = z.strictObject({
  format: z.literal(format),
  /** The head, and the result that it is of. */
  head: z.strictObject({
    sha256: z.hash('sha256'),
    kind: text,
    trainedOn: z.strictObject({ path: place, hash: text }),
    preset: text,
    seed: z.int(),
  }),
  encoder: z.strictObject({ name: text, spec: place, hash: text, family: text }),
  task: z.strictObject({ name: text, version: z.int().positive() }),
  /** What it was evaluated on. */
  manifest: z.strictObject({ path: place, hash: text }),
  splits: z
    .array(
      z.strictObject({
        name: text,
        /** Whether the head learnt from this split, or was chosen by it: of the same manifest, `train` and `dev`. */
        seen: z.boolean(),
        metrics: z.record(text, metricSchema),
        skipped: skippedSchema.optional(),
        /** What the head's kind has to say of these predictions. */
        remarks: z.array(text).optional(),
        /** JSON Lines beside the file, an utterance a line, and their SHA-256. */
        predictions: text,
        predictionsHash: z.hash('sha256'),
        tensors: z.strictObject({ file: text, hash: z.hash('sha256') }).optional(),
      }),
    )
    .min(1),
  engine: engineSchema,
  gitCommit: text.optional(),
  costs: z.strictObject({
    seconds: z.number().nonnegative(),
    encoderFrames: z.int().nonnegative(),
  }),
  createdAt: z.iso.datetime(),
});

export type HeadEvaluation = z.infer<typeof evaluationSchema>;
type EvaluatedSplit = HeadEvaluation['splits'][number];

/** A split as it is before its predictions are written. */
export interface NewSplit extends Omit<EvaluatedSplit, 'predictions' | 'predictionsHash' | 'tensors'> {
  readonly lines: readonly PredictionLine[];
  readonly tensors: NamedTensors;
}

export type NewEvaluation = Omit<HeadEvaluation, 'format' | 'splits'> & {
  readonly splits: readonly NewSplit[];
};

/**
 * Writes an evaluation and its predictions, the record last.
 * @throws UserError (exit code 1) when the folder cannot be written
 */
export async function writeEvaluation(folder: string, evaluation: NewEvaluation): Promise<HeadEvaluation> {
  const splits: EvaluatedSplit[] = [];
  for (const { lines, tensors, ...split } of evaluation.splits) {
    const name = `predictions.${encodeURIComponent(split.name)}`;
    const predictions = `${name}.jsonl`;
    const predictionsHash = await writePredictions(join(folder, predictions), lines);
    const stored = await writeTensors(folder, tensors, `${name}.safetensors`);
    splits.push({ ...split, predictions, predictionsHash, ...(stored !== undefined && { tensors: stored }) });
  }
  const whole = evaluationSchema.parse({ ...evaluation, format, splits });
  await writeFileAtomic(join(folder, evaluationFileName), `${JSON.stringify(whole, null, 2)}\n`);
  return whole;
}

/**
 * Reads and checks one.
 * @throws UserError naming the file and the field
 */
export async function readEvaluation(folder: string): Promise<HeadEvaluation> {
  const file = join(folder, evaluationFileName);
  const written = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new UserError(`cannot be read (${messageOf(error)})`, { file, cause: error });
  });
  return checked(evaluationSchema, jsonSource(written, file, { refuseDuplicates: false }));
}

/** @file The record of a fine-tuned recogniser: what it was trained on and how, and its error rates on every split. */
import { join } from 'node:path';
import { z } from 'zod';
import { UserError } from '../base/errors.js';
import { writeFileAtomic } from '../base/files.js';
import { checked } from '../base/validation.js';
import { readJsonSource } from '../formats/json-file.js';
import { readPredictions } from './predictions.js';
import { writePredictions } from './predictions-file.js';
import { engineSchema, place, text } from './record.js';

/** Inside the folder that `ehmam finetune --out` names. */
export const finetuningFileName = 'finetuning.json';

const format = 'ehmam finetuning 1';

const count = z.int().nonnegative();
/** Fractions, not percentages (0.1234). */
const fraction = z.number().nonnegative();
const interval = z.tuple([z.number(), z.number()]);

/** What a language model adds to the score of a word or a token. */
export const decodingWeightsSchema = z.strictObject({
  lm: z.number(),
  word: z.number(),
  silence: z.number(),
});

const decodedSchema = z.strictObject({
  wer: fraction,
  cer: fraction,
  /** 95 % bootstrap interval of the word error rate. */
  interval,
  /** The same of the character error rate; absent in records of earlier versions. */
  cerInterval: interval.optional(),
  /** What the bootstrap drew. */
  intervalOver: z.enum(['utterances', 'speakers']),
});

const splitSchema = z.strictObject({
  utterances: z.int().positive(),
  /** Of the references. */
  words: count,
  greedy: decodedSchema,
  /** Of the same frames with the language model of `languageModel`. */
  lm: decodedSchema.optional(),
  /** JSON Lines beside the file, an utterance a line (`FinetunedLine`), and their SHA-256. */
  predictions: text,
  predictionsHash: z.hash('sha256'),
});

export const finetuningSchema = z.strictObject({
  format: z.literal(format),
  /** The one that training began with. */
  encoder: z.strictObject({ name: text, spec: place, hash: text, family: text }),
  /** The fine-tuned encoder in the folder: the hash that results with it name. */
  result: z.strictObject({ hash: text }),
  manifest: z.strictObject({ path: place, hash: text }),
  /** Of the manifest that names the dev split, where it is another one. */
  devManifest: z.strictObject({ path: place, hash: text }).optional(),
  /** What was trained on, after utterances were left out. `ids`, `audio` and `texts` are digests. */
  train: z.strictObject({
    utterances: z.int().positive(),
    seconds: z.number().positive(),
    ids: z.hash('sha256'),
    audio: z.hash('sha256'),
    texts: z.hash('sha256'),
  }),
  /** The name of a preset (`10m`, `1h`, ...), or a digest where settings differ from it. */
  preset: text,
  settings: z.record(z.string(), z.unknown()),
  seed: z.int(),
  /** Of a limited set that is published in folds. */
  fold: text.optional(),
  tokens: z.array(text).min(2),
  updates: z.int().positive(),
  /** The update whose weights are the result: the lowest word error rate on dev. */
  bestUpdate: z.int().positive(),
  /** One entry a look at dev; word error rates are greedy. */
  curve: z.array(z.strictObject({ update: count, trainLoss: z.number(), wer: fraction })).min(1),
  /** Utterances left out, and why. */
  skipped: z.array(z.strictObject({ id: text, split: text, reason: text })),
  /** By name: `dev`, and every split that was recognised at the end. */
  splits: z.record(text, splitSchema),
  /** What the splits' `lm` were decoded with. */
  languageModel: z
    .strictObject({
      /** The n-gram file's name, and SHA-256 of its content. */
      file: text,
      hash: z.hash('sha256'),
      weights: decodingWeightsSchema,
      beam: z.int().positive(),
      /** Dev utterances that the weights were searched on, evenly spread, and the beam there; absent where they were given. */
      search: z.strictObject({ utterances: z.int().positive(), beam: z.int().positive() }).optional(),
      /** Every weights that were tried on dev, and their word error rates there; empty where they were given. */
      tried: z.array(z.strictObject({ weights: decodingWeightsSchema, wer: fraction })),
    })
    .optional(),
  engine: engineSchema,
  gitCommit: text.optional(),
  costs: z.strictObject({
    seconds: z.number().nonnegative(),
    peakMemoryMB: z.number().nonnegative(),
    /** Audio trained on, each time that it was. */
    audioSeconds: z.number().nonnegative(),
  }),
  /** ISO 8601. With `costs`, all that differs between two runs of the same work on one machine. */
  createdAt: z.iso.datetime(),
});

export type Finetuning = z.infer<typeof finetuningSchema>;
export type DecodingWeights = z.infer<typeof decodingWeightsSchema>;
type SplitResult = Finetuning['splits'][string];

const spoken = z.strictObject({ text: z.string() });
const lineSchema = z.strictObject({
  id: text,
  prediction: spoken,
  reference: spoken,
  lm: spoken.optional(),
  speaker: text.optional(),
});

/** A line of a split's predictions: the greedy text, and the language model's where there is one. */
export type FinetunedLine = z.infer<typeof lineSchema>;

/** A split as it is before its predictions are written. */
export interface NewFinetunedSplit extends Omit<SplitResult, 'predictions' | 'predictionsHash'> {
  readonly lines: readonly FinetunedLine[];
}

export type NewFinetuning = Omit<Finetuning, 'format' | 'splits'> & {
  readonly splits: Readonly<Record<string, NewFinetunedSplit>>;
};

/** A record and the folder that it is in. */
export interface StoredFinetuning {
  readonly folder: string;
  readonly record: Finetuning;
}

/**
 * Writes a record and its predictions, the record last.
 * @throws UserError (exit code 1) when the folder cannot be written
 */
export async function writeFinetuning(folder: string, finetuning: NewFinetuning): Promise<Finetuning> {
  const splits: Record<string, SplitResult> = {};
  for (const [name, { lines, ...split }] of Object.entries(finetuning.splits)) {
    const predictions = `predictions.${encodeURIComponent(name)}.jsonl`;
    splits[name] = {
      ...split,
      predictions,
      predictionsHash: await writePredictions(join(folder, predictions), lines),
    };
  }
  const whole = finetuningSchema.parse({ ...finetuning, format, splits });
  await writeFileAtomic(join(folder, finetuningFileName), `${JSON.stringify(whole, null, 2)}\n`);
  return whole;
}

/**
 * Reads and checks the record of a folder.
 * @throws UserError naming the file and the field
 */
export async function readFinetuning(folder: string): Promise<StoredFinetuning> {
  const file = join(folder, finetuningFileName);
  const source = await readJsonSource(file, "'ehmam finetune --out DIR' writes it at the end of training");
  return { folder, record: checked(finetuningSchema, source) };
}

/**
 * The predictions of a split, in the order of the file.
 * @throws UserError for a split that the record does not have, listing those it has, and for a file that is not its own
 */
export async function* readFinetunedLines(
  { folder, record }: StoredFinetuning,
  split: string,
): AsyncGenerator<FinetunedLine> {
  const path = join(folder, finetuningFileName);
  const found = record.splits[split];
  if (found === undefined)
    throw new UserError(`has no split '${split}'`, {
      file: path,
      hint: `Splits: ${Object.keys(record.splits).join(', ')}`,
    });
  for await (const line of readPredictions({ path, record: found })) {
    const checked = lineSchema.safeParse(line);
    if (!checked.success)
      throw new UserError(`has a line that is not a transcript (${line.id})`, {
        file: join(folder, found.predictions),
      });
    yield checked.data;
  }
}

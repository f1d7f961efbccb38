/** @file What a result is: the versioned schema of a result record. */
import { z } from 'zod';
import { endings } from '../api/head-kind.js';
import { isMachinePath } from './places.js';

/** Raised when a field changes its meaning; older readers then refuse the record (older records: migrate.ts). */
export const recordSchemaVersion = 2;

/** The files of one result, inside `<folder>/<encoder>/<task>/`. */
export const recordFileName = 'record.json';
export const predictionsFileName = 'predictions.jsonl';
export const tensorsFileName = 'predictions.safetensors';

export const text = z.string().min(1);
/** As `recordedPath` writes it. */
export const place = text.refine(
  (path) => !isMachinePath(path),
  'expected a relative path or a name, not a path of one machine',
);

export const metricSchema = z.strictObject({
  /** A fraction, not a percentage (0.1234). */
  value: z.number(),
  /** Which values are better. */
  direction: z.enum(['higher', 'lower']),
  /** 95 % bootstrap interval; missing where there is none. */
  interval: z.tuple([z.number(), z.number()]).optional(),
  /** What the bootstrap drew (utterances where nothing is said); of a statistic, `units` of its own. */
  intervalOver: z.enum(['utterances', 'speakers', 'units']).optional(),
  /** How many utterances the value is over. */
  utterances: z.int().positive(),
});

export const engineSchema = z.strictObject({
  name: text,
  provider: text,
  /** Of products; missing where they were not rounded. */
  precision: z.literal('tf32').optional(),
  /** Whether kernels that repeat to the bit went before others; missing where they did not. */
  deterministic: z.literal(true).optional(),
  versions: z.strictObject({
    ehmam: text,
    node: text,
    onnxruntime: text,
    tfjs: text,
    /** Where the engine is `tensorflow`. */
    tensorflow: text.optional(),
  }),
});

export const skippedSchema = z.array(z.strictObject({ id: text, reason: text }));
const learningRatesSchema = z.strictObject({
  /**
   * Every rate tried, with the best value of the task's first metric on dev, null where it diverged before it had one; of
   * folds, the mean over those that have one.
   */
  tried: z.array(
    z.strictObject({
      learningRate: z.number().positive(),
      devMetric: z.number().nullable(),
      /** How many updates it was trained for, and why no more. */
      updates: z.int().nonnegative().optional(),
      ended: z.enum(endings).optional(),
    }),
  ),
  /** The rate whose head was tested; null where the task trains no head, or folds chose different ones. */
  chosen: z.number().positive().nullable(),
});

/** One entry a look at dev. */
const curveSchema = z.array(
  z.strictObject({
    update: z.int().nonnegative(),
    trainLoss: z.number(),
    devMetric: z.number(),
    devLoss: z.number(),
  }),
);

export const recordSchema = z.strictObject({
  schemaVersion: z.literal(recordSchemaVersion),
  encoder: z.strictObject({
    /** The row of a table. */
    name: text,
    /** As given on the command line or in the suite; of a path elsewhere the name alone. */
    spec: place,
    /** SHA-256 over family, configuration and weights. */
    hash: text,
    family: text,
  }),
  task: z.strictObject({ name: text, version: z.int().positive() }),
  /** As the suite names it (of a path elsewhere the file's name alone); the hash says which one it was. */
  manifest: z.strictObject({ path: place, hash: text }),
  /** The file of pairs that were judged, of a task that judges pairs; the manifest's hash knows of it. */
  pairs: z.strictObject({ path: place, hash: text }).optional(),
  preset: text,
  seed: z.int(),
  /** What was chosen by the result on test itself, as the reference does: the numbers flatter. */
  chosenOnTest: text.optional(),
  /** The file name of the n-gram model that the test split was decoded with. */
  languageModel: text.optional(),
  learningRates: learningRatesSchema,
  engine: engineSchema,
  /** Of this program's own checkout, `-dirty` where files differ from it. */
  gitCommit: text.optional(),
  /** The state of the user's own work: `--label`, or the commit of the repository that the run was started in. */
  revision: text.optional(),
  /** By name; the first one is the one that tables show. */
  metrics: z
    .record(text, metricSchema)
    .refine((metrics) => Object.keys(metrics).length > 0, 'expected at least one metric'),
  /** The learned weight of every hidden state that the head reads, after the softmax; of folds, the mean over them. */
  layerWeights: z.array(z.number()),
  /** Which hidden states those are, counted from 0, where not all. */
  layers: z.array(z.int().nonnegative()).optional(),
  /** The learning curve of the head that was tested; of folds, each has its own. */
  curve: curveSchema.optional(),
  /** Of a cross-validated task: each fold's training and the first metric on its test utterances. */
  folds: z
    .array(
      z.strictObject({
        name: text,
        /** A fraction. */
        value: z.number(),
        utterances: z.int().positive(),
        learningRates: learningRatesSchema,
        layerWeights: z.array(z.number()),
        curve: curveSchema,
      }),
    )
    .min(1)
    .optional(),
  /** Where one hidden state was chosen on dev: the task's first metric there, of each. */
  devByLayer: z.array(z.number()).optional(),
  /** What a reader is to know of how the result came about. */
  remarks: z.array(text).optional(),
  /** What the manifest says that its columns were made with: a lexicon's hash. */
  madeWith: z.record(text, text).optional(),
  costs: z.strictObject({
    seconds: z.number().nonnegative(),
    peakMemoryMB: z.number().nonnegative(),
    /** How many frames the encoder gave. */
    encoderFrames: z.int().nonnegative(),
  }),
  /** Utterances whose audio cannot be used, left out of every split. */
  skipped: skippedSchema.optional(),
  /** JSON Lines beside the record, one utterance a line. */
  predictions: text,
  /** SHA-256 of that file: tells predictions of another run from this one's. Missing in early records. */
  predictionsHash: z.hash('sha256').optional(),
  /** Predictions that are tensors, in a safetensors file beside the record: each one's name is `id/name`. */
  tensors: z.strictObject({ file: text, hash: z.hash('sha256') }).optional(),
  /** ISO 8601. With `costs`, all that differs between two runs of the same work on one machine. */
  createdAt: z.iso.datetime(),
});

export type ResultRecord = z.infer<typeof recordSchema>;
export type RecordMetric = z.infer<typeof metricSchema>;

/** What the maker of a result fills in; the writer adds the rest. */
export type NewRecord = Omit<ResultRecord, 'schemaVersion' | 'predictions' | 'predictionsHash' | 'tensors'>;

/** A line of the predictions file, of an utterance or a pair; more columns may stand beside these. */
export interface PredictionLine {
  readonly id: string;
  readonly prediction: unknown;
  readonly reference: unknown;
  /** Where the manifest has the column: utterances of one speaker are not independent. */
  readonly speaker?: string;
  readonly [column: string]: unknown;
}

export const predictionSchema = z.looseObject({
  id: text,
  prediction: z.unknown().refine((value) => value !== undefined, 'expected a value'),
  reference: z.unknown().refine((value) => value !== undefined, 'expected a value'),
  speaker: text.optional(),
});

/** A record and the file it is in. */
export interface StoredRecord {
  readonly path: string;
  readonly record: ResultRecord;
}

/** @file What a suite may say: its schema, and a suite as the rest of the program takes it. */
import { z } from 'zod';
import { type PresetName, presetNames } from '../api/presets.js';
import { precisionNames, providerNames } from '../engine/engine.js';
import type { SettingsSource } from '../heads/settings.js';
import { type FinetuneEntry, finetuneEntrySchema, nameSchema } from './finetune-definition.js';

const text = z.string().min(1);

const suiteTaskSchema = z.strictObject({
  name: text.describe("Name of the task (see 'ehmam list tasks')"),
  manifest: text.describe('Manifest (CSV); relative to the suite file'),
  root: text.optional().describe("Folder of the audio (default: the manifest's folder)"),
  pairs: text
    .optional()
    .describe('CSV of the pairs (trials, queries), for tasks on pairs; relative to the suite file'),
  settings: z.record(z.string(), z.unknown()).optional().describe("Settings of the task's head"),
});

export const probeSchema = z.strictObject({
  every: z
    .int()
    .positive()
    .optional()
    .describe('Updates between probes (default: a tenth of all, at least 200)'),
  limit: z
    .int()
    .min(2)
    .optional()
    .describe('Most train utterances of a probed task; half as many of dev (default: 400)'),
});

export const analysisSchema = z.strictObject({
  manifest: text.describe('Manifest (CSV) of audio that was not trained on; relative to the file'),
  root: text.optional().describe("Folder of the audio (default: the manifest's folder)"),
  split: text.default('dev').describe('Split of the manifest'),
  limit: z.int().positive().default(40).describe('Number of its utterances'),
});

/** What a pre-training is analysed over when it is done. */
export type AnalysisOfRun = Readonly<z.infer<typeof analysisSchema>>;

const pretrainingSchema = z.strictObject({
  preset: text
    .optional()
    .describe('Sizes and schedule: tiny, small or base (default: tiny; with init, the one of its sizes)'),
  init: text
    .optional()
    .describe('SPEC of a checkpoint whose weights it starts with; ./ is relative to the suite file'),
  config: text.optional().describe("File of settings that replace the preset's"),
  masking: text.optional().describe('Masking strategy (default: that of preset and settings file)'),
  manifest: text.describe('Manifest (CSV) of the audio; relative to the suite file'),
  root: text.optional().describe("Folder of the audio (default: the manifest's folder)"),
  split: text.default('train').describe('Split of the manifest to train on'),
  steps: z.int().positive().optional().describe('Number of updates (default: that of the settings)'),
  seed: z.int().nonnegative().optional(),
  set: z
    .array(text)
    .optional()
    .describe("Settings in place of those of preset and file, as --set writes them: 'batch.size=4'"),
  probe: probeSchema
    .optional()
    .describe("Probe the encoder while it trains, with the suite's tasks on means over time"),
  analysis: analysisSchema
    .optional()
    .describe("Analyse the run when it is done, as 'ehmam analyse' does, into its folder"),
});

const suiteEncoderSchema = z.union([
  text.describe('SPEC of an encoder'),
  z.strictObject({
    name: nameSchema.describe('Its name in tables'),
    pretrain: pretrainingSchema.describe('How to pre-train it'),
  }),
]);

const sizeSchema = z.string().regex(/^\d+(\.\d+)?[KMGT]B?$/i, 'expected a size, such as 8GB');

const resourcesSchema = z.strictObject({
  cpus: z.int().positive().optional().describe('CPU cores of one job'),
  memory: sizeSchema.optional().describe('Memory of one job: 8GB'),
  time: z
    .string()
    .regex(/^(\d+-)?\d+(:\d\d){0,2}$/, 'expected hours:minutes:seconds')
    .optional()
    .describe('Time limit of one job, in the format of Slurm: 12:00:00'),
  gpus: z.int().nonnegative().optional().describe('GPUs of one job'),
  partition: text.optional().describe('Slurm partition'),
  shards: z
    .int()
    .positive()
    .optional()
    .describe('Number of jobs that share the feature extraction of one corpus'),
});

const suiteEngineSchema = z.strictObject({
  provider: z.enum(providerNames).optional().describe('Device of the engine onnx (default: cpu)'),
  precision: z
    .enum(precisionNames)
    .optional()
    .describe('Precision of products on a CUDA device (default: fp32)'),
  deviceMemory: sizeSchema.optional().describe('Most memory to use of a CUDA device: 8GB'),
  deterministic: z
    .boolean()
    .optional()
    .describe('Whether CUDA kernels that repeat to the bit go before others'),
});

export const suiteSchema = z.strictObject({
  name: text,
  tasks: z.array(suiteTaskSchema).default([]),
  plugins: z
    .array(text)
    .default([])
    .describe('Plug-ins to load: ./path.js, relative to the suite file, or packages'),
  encoders: z
    .array(suiteEncoderSchema)
    .default([])
    .describe('SPECs (./ is relative to the suite file), names of finetune entries, and what is pre-trained'),
  finetune: z
    .array(finetuneEntrySchema)
    .default([])
    .describe('Encoders that are fine-tuned as recognisers, beside the tasks'),
  seeds: z
    .union([z.int().min(1), z.array(z.int().nonnegative()).min(1)])
    .optional()
    .describe('Number of seeds of the heads (up to 100), or which: [1, 2], 1338'),
  lr: z
    .union([z.literal('search'), z.number().positive()])
    .optional()
    .describe("Learning rate of the heads, or 'search'"),
  preset: z.enum(presetNames).optional().describe('Training preset of the heads'),
  layerwise: z
    .boolean()
    .optional()
    .describe('Also train a head on each hidden state alone, for head kinds that support it'),
  engine: suiteEngineSchema.optional().describe('What computes; options of the command line go before it'),
  resources: z
    .strictObject({
      pretrain: resourcesSchema.optional(),
      finetune: resourcesSchema.optional(),
      features: resourcesSchema.optional(),
      head: resourcesSchema.optional(),
    })
    .optional()
    .describe('Resources of one job of each kind'),
});

/** What one job takes; sizes and times as the suite writes them (`8GB`, `12:00:00`). */
export type Resources = Readonly<z.infer<typeof resourcesSchema>>;

/** One task of a suite; paths are absolute or relative to the working folder. */
export interface SuiteTask {
  readonly name: string;
  readonly manifest: string;
  readonly root?: string | undefined;
  /** The file of pairs, of a task that judges pairs. */
  readonly pairs?: string | undefined;
  readonly settings?: Readonly<Record<string, unknown>> | undefined;
  /** Where a file holds the settings: for what is said of them. Job graphs keep none. */
  readonly settingsSource?: SettingsSource | undefined;
  /** The suite file's: files that the settings name are found from it (default: from the working folder). */
  readonly folder?: string | undefined;
  /** How records name the manifest (default: from the working folder, or its name alone). */
  readonly recordedAs?: string | undefined;
}

/** An encoder that the suite trains first. */
export interface SuitePretraining {
  readonly name: string;
  readonly pretrain: Readonly<z.infer<typeof pretrainingSchema>>;
}

export type SuiteEncoder = string | SuitePretraining;

export interface Suite {
  readonly name: string;
  readonly tasks: readonly SuiteTask[];
  readonly encoders: readonly SuiteEncoder[];
  /** Encoders that are fine-tuned as recognisers. */
  readonly finetune?: readonly FinetuneEntry[] | undefined;
  /** Modules that are loaded first: absolute paths and names of packages. */
  readonly plugins?: readonly string[] | undefined;
  /** How many seeds of heads (up to 100), or which. */
  readonly seeds?: number | readonly number[] | undefined;
  readonly lr?: 'search' | number | undefined;
  readonly preset?: PresetName | undefined;
  /** Whether heads are trained on every hidden state alone too. */
  readonly layerwise?: boolean | undefined;
  readonly engine?: Readonly<z.infer<typeof suiteEngineSchema>> | undefined;
  readonly resources?:
    | Readonly<Partial<Record<'pretrain' | 'finetune' | 'features' | 'head', Resources | undefined>>>
    | undefined;
}

/** The JSON Schema of a suite file, for editors. */
export function suiteJsonSchema(): object {
  const schema = z.toJSONSchema(suiteSchema, { io: 'input' });
  return { title: 'Suite of ehmam', ...schema };
}

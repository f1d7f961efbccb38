/** @file What a fine-tuning leaves on disk while it goes on: what it was begun with, its log, its checkpoint. */
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { UserError } from '../base/errors.js';
import { removeUnfinished, writeFileAtomic } from '../base/files.js';
import { configFile } from '../encoders/own-folder.js';
import { readJsonFile } from '../formats/json-file.js';
import { dataDifference, type RunData, runDataSchema } from '../pretrain/run-data.js';
import { trimLog } from '../pretrain/run-folder.js';
import { listed, settingDifferences } from '../pretrain/setting-differences.js';
import { finetuningFileName } from '../results/finetuning-file.js';
import { digestOf } from '../training/checkpoint-file.js';
import { finetuneSchema } from './settings.js';

const trainingSchema = z.strictObject({
  kind: z.literal('finetune'),
  /** The encoder that it began with. */
  encoder: z.strictObject({ name: z.string(), hash: z.string() }),
  preset: z.string(),
  settings: finetuneSchema,
  /** Digests: `texts` of those of train. */
  data: z.strictObject({ train: runDataSchema, dev: runDataSchema, texts: z.hash('sha256') }),
  tokens: z.array(z.string()),
  /** Of the language model and how it is used; null for none. */
  decoding: z.unknown(),
});

/** All that decides the result of a fine-tuning; it stands in `config.json` under `training`. */
export type FinetuneTraining = Readonly<z.infer<typeof trainingSchema>>;

export interface FinetuneFolder {
  readonly path: string;
  readonly config: string;
  readonly log: string;
  readonly checkpoint: string;
  readonly record: string;
}

export const finetuneFolder = (out: string): FinetuneFolder => ({
  path: out,
  config: join(out, configFile),
  log: join(out, 'log.jsonl'),
  checkpoint: join(out, 'checkpoint.safetensors'),
  record: join(out, finetuningFileName),
});

/** How much is computed at a time does not decide the result. */
const deciding = ({ settings, preset: _, ...training }: FinetuneTraining) => {
  const { samplesAtOnce: __, ...batch } = settings.batch;
  return { ...training, settings: { ...settings, batch } };
};

export const trainingDigest = (training: FinetuneTraining): string => digestOf(deciding(training));

/**
 * Checks that a fine-tuning may go into a folder.
 * @returns whether the folder holds its result already
 * @throws UserError where the folder holds something else, or this very training and it is not to be gone on with
 */
export async function checkFinetuneFolder(
  folder: FinetuneFolder,
  wanted: FinetuneTraining,
  resume: boolean,
): Promise<'free' | 'begun' | 'finished'> {
  if (!existsSync(folder.config)) return 'free';
  const begun = await trainingIn(folder);
  refuseOther(folder, begun, wanted);
  if (existsSync(folder.record)) return 'finished';
  if (resume) return 'begun';
  throw new UserError('already contains an unfinished fine-tuning run', {
    file: folder.path,
    hint: 'Continue it with --resume, or choose another --out',
  });
}

async function trainingIn({ config, path }: FinetuneFolder): Promise<FinetuneTraining> {
  const json = (await readJsonFile(config, 'Choose another --out')) as { training?: unknown } | null;
  const { success, data } = trainingSchema.safeParse(json?.training);
  if (success) return data;
  throw new UserError('contains something other than a fine-tuning run', {
    file: path,
    hint: 'Choose another --out',
  });
}

function refuseOther({ config: file }: FinetuneFolder, begun: FinetuneTraining, now: FinetuneTraining): void {
  if (trainingDigest(begun) === trainingDigest(now)) return;
  const hint = 'Use the same encoder, data and settings, or choose another --out';
  if (begun.encoder.hash !== now.encoder.hash)
    throw new UserError(
      `the run in this folder started from another encoder (${begun.encoder.name}, ${begun.encoder.hash.slice(0, 8)})`,
      { file, hint },
    );
  for (const split of ['train', 'dev'] as const) {
    const difference = dataDifference(begun.data[split], now.data[split]);
    if (difference !== undefined)
      throw new UserError(`the run in this folder has different data: ${difference}`, { file, hint });
  }
  if (begun.data.texts !== now.data.texts)
    throw new UserError('the run in this folder has different training texts', { file, hint });
  const differences = settingDifferences(deciding(begun), deciding(now));
  throw new UserError(`the run in this folder has different settings: ${listed(differences)}`, {
    file,
    hint,
  });
}

/** Makes the folder a training's, once an update has worked; lines of the log that will be written again are dropped. */
export async function beginFolder(
  folder: FinetuneFolder,
  encoderConfig: unknown,
  training: FinetuneTraining,
  updatesDone: number,
): Promise<void> {
  await writeFileAtomic(folder.config, `${JSON.stringify({ encoder: encoderConfig, training }, null, 2)}\n`);
  await removeUnfinished(folder.path);
  await trimLog(folder, updatesDone);
}

/** Removes what only a training that goes on needs. */
export async function closeFolder({ checkpoint }: FinetuneFolder): Promise<void> {
  await rm(checkpoint, { force: true });
}

/** The data that a training is begun with, as its folder keeps it. */
export type FinetuneDataDigests = Readonly<Record<'train' | 'dev', RunData>> & { readonly texts: string };

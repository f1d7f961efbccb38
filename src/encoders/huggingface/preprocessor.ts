/** @file Whether a model of the hub wants its waveforms normalised: where transformers 4 and 5 keep that. */

import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { sampleRateHz } from '../../audio/index.js';
import { UserError } from '../../base/errors.js';
import { checked } from '../../base/validation.js';
import { readJsonFile, readJsonSource } from '../../formats/json-file.js';

/** transformers 4 writes the first, 5 the second, with the settings of the first inside. */
export const preprocessorFile = 'preprocessor_config.json';
export const processorFile = 'processor_config.json';

/** With the defaults of transformers' Wav2Vec2FeatureExtractor. */
const extractorSchema = z.object({
  do_normalize: z.boolean().default(true),
  sampling_rate: z.number().default(sampleRateHz),
});

/** The names that a processor has for its extractor of features, the first one that has settings counting. */
const settings = z.record(z.string(), z.unknown()).nullish();
const processorSchema = z.object({ feature_extractor: settings, audio_processor: settings });

export interface Preprocessing {
  readonly normalize: boolean;
  /** What the family's own schema made of the settings. */
  readonly settings: unknown;
  readonly notes: readonly string[];
  /** The file that says it, and files that would, were they there. */
  readonly files: readonly string[];
  readonly absent: readonly string[];
}

/**
 * What a folder says. Where both files have settings, the processor's count, as in transformers 5.
 * @param own what a family reads that makes frames of its own; no waveform is normalised then
 * @throws UserError for files that cannot be read, for another sampling rate than ours, and for a snapshot in the hub's cache
 *   whose files were merely not fetched
 */
export async function readPreprocessing(folder: string, own?: z.ZodType): Promise<Preprocessing> {
  const { settings, file, absent } = await settingsIn(folder);
  const files = file === undefined ? [] : [file];
  if (file === undefined) refusePartOfCache(folder);
  if (own !== undefined) {
    const place = file ?? folder;
    normalizes(settings ?? {}, place);
    const made = checked(own, { value: settings ?? {}, file: place });
    return { normalize: false, settings: made, notes: [], files, absent };
  }
  if (file !== undefined)
    return { normalize: normalizes(settings, file), settings: undefined, notes: [], files, absent };
  return {
    normalize: true,
    settings: undefined,
    notes: [`${lackingText}: the waveform is normalized, as transformers does by default`],
    files,
    absent,
  };
}

const lackingText = `no ${preprocessorFile} and no ${processorFile} with a feature_extractor`;

/**
 * Refuses a part of the hub's cache of which nobody knows whether the hub has more.
 * @throws UserError naming what to do
 */
function refusePartOfCache(folder: string): void {
  const [, owner, name, commit = ''] =
    /models--(.+?)--(.+)[\\/]snapshots[\\/]([^\\/]+)$/.exec(resolve(folder)) ?? [];
  if (owner === undefined || existsSync(join(folder, '..', '..', '.no_exist', commit, preprocessorFile)))
    return;
  throw new UserError(`${lackingText}: this folder is an incomplete copy in the hub's cache`, {
    file: folder,
    hint: `Use hf:${owner}/${name}, which downloads it, or copy ${preprocessorFile} to the folder`,
  });
}

/**
 * The settings of the extractor that a processor's file has inside: that of transformers 4 says no more than classes.
 * @throws UserError for a file that cannot be read
 */
export async function extractorIn(file: string): Promise<Readonly<Record<string, unknown>> | undefined> {
  if (!(await isThere(file))) return undefined;
  const processor = checked(processorSchema, await readJsonSource(file, hint));
  return processor.feature_extractor ?? processor.audio_processor ?? undefined;
}

/** The settings of the preprocessor, the file that they stand in, and files that would have counted before it. */
async function settingsIn(folder: string): Promise<{
  readonly settings?: unknown;
  readonly file?: string;
  readonly absent: readonly string[];
}> {
  const processor = join(folder, processorFile);
  const inside = await extractorIn(processor);
  if (inside !== undefined) return { settings: inside, file: processor, absent: [] };
  const absent = (await isThere(processor)) ? [] : [processor];
  const own = join(folder, preprocessorFile);
  return (await isThere(own))
    ? { settings: await readJsonFile(own, hint), file: own, absent }
    : { absent: [...absent, own] };
}

const hint = 'Copy it again';

function normalizes(settings: unknown, file: string): boolean {
  const { do_normalize, sampling_rate } = checked(extractorSchema, { value: settings, file });
  if (sampling_rate === sampleRateHz) return do_normalize;
  throw new UserError(`unsupported sample rate ${sampling_rate} Hz`, {
    file,
    hint: `Only models for ${sampleRateHz} Hz are supported`,
  });
}

function isThere(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}

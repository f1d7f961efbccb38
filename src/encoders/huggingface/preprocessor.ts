/** @file Whether a model of the hub wants its waveforms normalised: where transformers 4 and 5 keep that. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { sampleRateHz } from '../../audio/index.js';
import { UserError } from '../../base/errors.js';
import { readJsonFile } from '../../formats/json-file.js';

/** transformers 4 writes the first, 5 the second, with the settings of the first inside. */
export const preprocessorFile = 'preprocessor_config.json';
export const processorFile = 'processor_config.json';

/** With the defaults of transformers' Wav2Vec2FeatureExtractor. */
const extractorSchema = z.object({
  do_normalize: z.boolean().default(true),
  sampling_rate: z.number().default(sampleRateHz),
});

const processorSchema = z.object({ feature_extractor: z.record(z.string(), z.unknown()).optional() });

export interface Preprocessing {
  readonly normalize: boolean;
  /** What the family's own schema made of the settings. */
  readonly settings: unknown;
  readonly notes: readonly string[];
}

/**
 * What a folder says. Where both files have settings, the processor's count, as in transformers 5.
 * @param own what a family reads that makes frames of its own; no waveform is normalised then
 * @throws UserError for files that cannot be read, and for another sampling rate than ours
 */
export async function readPreprocessing(folder: string, own?: z.ZodType): Promise<Preprocessing> {
  const found = await settingsIn(folder);
  if (own !== undefined) {
    const { settings, file } = found ?? { settings: {}, file: folder };
    normalizes(settings, file);
    return { normalize: false, settings: parsed(own, settings, file), notes: [] };
  }
  if (found !== undefined)
    return { normalize: normalizes(found.settings, found.file), settings: undefined, notes: [] };
  const what = `there is no ${preprocessorFile} and no ${processorFile} with a feature_extractor`;
  return {
    normalize: true,
    settings: undefined,
    notes: [`${what}: the waveform is normalised, as transformers does by default`],
  };
}

/** The settings of the preprocessor, and the file that they stand in. */
async function settingsIn(
  folder: string,
): Promise<{ readonly settings: unknown; readonly file: string } | undefined> {
  const processor = join(folder, processorFile);
  if (await isThere(processor)) {
    const whole = await readJsonFile(processor, mend);
    const { feature_extractor: settings } = parsed(processorSchema, whole, processor);
    if (settings !== undefined) return { settings, file: processor };
  }
  const own = join(folder, preprocessorFile);
  return (await isThere(own)) ? { settings: await readJsonFile(own, mend), file: own } : undefined;
}

const mend = 'Copy it again';

function normalizes(settings: unknown, file: string): boolean {
  const { do_normalize, sampling_rate } = parsed(extractorSchema, settings, file);
  if (sampling_rate === sampleRateHz) return do_normalize;
  throw new UserError(`the model wants ${sampling_rate} samples a second`, {
    file,
    mend: `Only models of ${sampleRateHz} can be run`,
  });
}

function parsed<T>(schema: z.ZodType<T>, value: unknown, file: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new UserError(`${issue?.path.join('.') || 'the whole'}: ${issue?.message}`, { file });
}

function isThere(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}

/** @file Folders of the Hugging Face hub, as transformers writes them, as checkpoints. */
import { stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { z } from 'zod';
import { UserError } from '../../base/errors.js';
import { readJsonFile } from '../../formats/json-file.js';
import { type Checkpoint, checkNames, configure } from '../checkpoint.js';
import { hubFamilies } from '../registry.js';
import { hubSchema } from './hub.js';
import { plainNames, sortNames, withPlainWeights } from './names.js';
import { storedWeights } from './stored.js';

const configFile = 'config.json';
export const preprocessorFile = 'preprocessor_config.json';
const sampleRateHz = 16000;

/** With the defaults of transformers' Wav2Vec2FeatureExtractor. */
const preprocessorSchema = z.object({
  do_normalize: z.boolean().default(true),
  sampling_rate: z.number().default(sampleRateHz),
});

/**
 * Reads a folder of the hub.
 * @param settings what its `config.json` holds
 * @throws UserError for an unknown model type, listing those there are; for settings that cannot be read here
 *   (adapters, other activations); for parameters that are missing or unknown, listing them
 */
export async function readHubFolder(folder: string, settings: unknown): Promise<Checkpoint> {
  const place = join(folder, configFile);
  const type = String((settings as { model_type?: unknown } | null)?.model_type);
  const family = hubFamilies.get(type);
  if (family === undefined) {
    throw new UserError(`unknown model type '${type}'`, {
      file: place,
      mend: `Families of the hub that can be read: ${[...hubFamilies.keys()].join(', ')}`,
    });
  }
  const parsed = hubSchema.safeParse(settings);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new UserError(`${issue?.path.join('.')}: ${issue?.message}`, {
      file: place,
      mend: 'Take a model without that, or mend the setting',
    });
  }
  const { normalize, notes } = await readPreprocessor(folder);
  const configured = configure(family.fromHub(parsed.data, normalize), place);
  const stored = await storedWeights(folder);
  const { encoder, heads } = sortNames(stored.names, family.prefix);
  checkNames(plainNames(encoder.keys()), configured.specs, folder);
  const read = await stored.read(new Set(encoder.values()));
  const named = [...encoder].map(([ours, theirs]) => {
    const tensor = read[theirs];
    if (tensor === undefined)
      throw new UserError(`the parameter ${theirs} is not where it should be`, { file: folder });
    return [ours, tensor] as const;
  });
  return {
    name: basename(resolve(folder)),
    configured,
    tensors: withPlainWeights(Object.fromEntries(named), folder),
    file: folder,
    origin: { format: stored.format, files: [place, ...stored.files] },
    notes: [
      ...notes,
      ...(heads.length > 0 ? [`left aside, as no part of the encoder: ${summary(heads)}`] : []),
    ],
  };
}

/** Whether the waveform is normalised. */
async function readPreprocessor(folder: string) {
  const file = join(folder, preprocessorFile);
  const there = await stat(file).catch(() => undefined);
  if (there === undefined) {
    return {
      normalize: true,
      notes: [`there is no ${preprocessorFile}: the waveform is normalised, as transformers does by default`],
    };
  }
  const parsed = preprocessorSchema.safeParse(await readJsonFile(file, 'Copy it again'));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new UserError(`${issue?.path.join('.') || 'the whole'}: ${issue?.message}`, { file });
  }
  const { do_normalize, sampling_rate } = parsed.data;
  if (sampling_rate !== sampleRateHz) {
    throw new UserError(`the model wants ${sampling_rate} samples a second`, {
      file,
      mend: `Only models of ${sampleRateHz} can be run`,
    });
  }
  return { normalize: do_normalize, notes: [] };
}

/** Names by their first part: `lm_head (2), quantizer (3)`. */
export function summary(names: readonly string[], parts = 1): string {
  const counts = new Map<string, number>();
  for (const name of names) {
    const key = name.split('.').slice(0, parts).join('.');
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return [...counts].map(([key, count]) => `${key} (${count})`).join(', ');
}

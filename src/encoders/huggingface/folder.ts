/** @file Folders of the Hugging Face hub, as transformers writes them, as checkpoints. */

import { basename, join, resolve } from 'node:path';
import type { HubSource } from '../../api/encoder-family.js';
import { UserError } from '../../base/errors.js';
import { checked } from '../../base/validation.js';
import { type Checkpoint, checkNames } from '../checkpoint.js';
import { type ConfiguredFamily, configure } from '../configured.js';
import { checkedMask } from '../mask-embedding.js';
import { encoderFamilies } from '../registry.js';
import { plainNames, sortNames, withPlainWeights } from './names.js';
import { recognitionIn } from './output-layer.js';
import { type Preprocessing, readPreprocessing } from './preprocessor.js';
import { storedWeights } from './stored.js';
import { hasVocabulary } from './vocabulary.js';

const configFile = 'config.json';
/**
 * Reads a folder of the hub.
 * @param settings what its `config.json` holds
 * @throws UserError for an unknown model type, listing those there are; for settings that cannot be read here
 *   (adapters, other activations); for parameters that are missing or unknown, listing them
 */
export async function readHubFolder(folder: string, settings: unknown): Promise<Checkpoint> {
  const place = join(folder, configFile);
  const source = sourceOf(settings, place);
  const preprocessing = await readPreprocessing(folder, source.preprocessor);
  const configured = configureFrom(source, settings, preprocessing, place);
  const stored = await storedWeights(folder);
  const sorted = sortNames(stored.names, source, Object.keys(configured.specs));
  const { encoder, lead, mask } = sorted;
  // What is known to be an output layer is no remark.
  const isRecogniser = sorted.output !== undefined && hasVocabulary(folder);
  const aside = sorted.aside.filter((name) => !(isRecogniser && name === 'lm_head'));
  checkNames(plainNames(encoder.keys()), configured.specs, folder);
  const read = await stored.read(new Set([...encoder.values(), ...(mask === undefined ? [] : [mask])]));
  const named = [...encoder].map(([ours, theirs]) => {
    const tensor = read[theirs];
    if (tensor === undefined)
      throw new UserError(`unexpected place of parameter ${theirs}`, { file: folder });
    return [ours, tensor] as const;
  });
  return {
    name: basename(resolve(folder)),
    configured,
    tensors: withPlainWeights(Object.fromEntries(named), folder),
    file: folder,
    origin: {
      format: stored.format,
      files: [place, ...preprocessing.files, ...stored.files],
      absent: preprocessing.absent,
    },
    notes: [
      ...preprocessing.notes,
      ...(lead === undefined ? [] : [`ignored the prefix '${lead}' of parameter names`]),
      ...(aside.length > 0 ? [`ignored, because not part of the encoder: ${counted(aside)}`] : []),
    ],
    maskEmbedding: mask === undefined ? undefined : checkedMask(read[mask], configured, mask, folder),
    recognition: recognitionIn(folder, { source, settings, stored, output: sorted.output, configured }),
  };
}

/** How a family that transformers names is read. */
function sourceOf(settings: unknown, place: string): HubSource {
  const type = String((settings as { model_type?: unknown } | null)?.model_type);
  const families = encoderFamilies.all().filter(({ hub }) => hub !== undefined);
  const source = families.find(({ name }) => name === type)?.hub;
  if (source !== undefined) return source;
  throw new UserError(`unknown model type '${type}'`, {
    file: place,
    hint: `Supported: ${families.map(({ name }) => name).join(', ')} (--plugin MODULE loads others)`,
  });
}

function configureFrom(
  source: HubSource,
  settings: unknown,
  { normalize, settings: preprocessor }: Preprocessing,
  place: string,
): ConfiguredFamily {
  const known = checked(source.settings, { value: settings, file: place });
  return configure(source.configuration(known, normalize, preprocessor), place);
}

/** Names by their first parts: `lm_head (2), quantizer (3)`. */
export const summary = (names: readonly string[], parts = 1): string =>
  counted(names.map((name) => name.split('.').slice(0, parts).join('.')));

function counted(groups: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const group of groups) counts.set(group, (counts.get(group) ?? 0) + 1);
  return [...counts].map(([group, count]) => `${group} (${count})`).join(', ');
}

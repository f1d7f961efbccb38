/** @file Checkpoints in our own format: `config.json` and `model.safetensors`, as training and export write them. */
import { basename, join, resolve } from 'node:path';
import { writeFileAtomic } from '../base/files.js';
import type { HostParameters, HostTensor } from '../base/host-tensor.js';
import { readSafetensors, writeSafetensors } from '../formats/safetensors.js';
import type { Checkpoint } from './checkpoint.js';
import { type ConfiguredFamily, configure } from './configured.js';
import { checkedMask, maskName } from './mask-embedding.js';
import {
  biasName,
  layerOf,
  parseTokens,
  type RecognitionLayer,
  recognitionTensors,
  tokensOf,
  weightName,
} from './recognition.js';

export const configFile = 'config.json';
export const weightsFile = 'model.safetensors';

/**
 * Reads a folder of ours; weights that the encoder has not (a decoder's) are left.
 * @param settings what its `config.json` holds
 * @throws UserError as `configure` and `readSafetensors`
 */
export async function readOwnFolder(folder: string, settings: unknown): Promise<Checkpoint> {
  const place = join(folder, configFile);
  const file = join(folder, weightsFile);
  const { encoder, training, init, recognition } = (settings ?? {}) as Readonly<Record<string, unknown>>;
  const configured = configure(encoder ?? settings, place);
  const { [maskName]: mask, ...tensors } = (
    await readSafetensors(file, (name) => name === maskName || Object.hasOwn(configured.specs, name))
  ).tensors;
  return {
    name: basename(resolve(folder)),
    configured,
    tensors,
    file,
    origin: {
      format: recognition === undefined ? 'ehmam folder' : 'ehmam folder, fine-tuned',
      files: [place, file],
      ...(training !== undefined && { training }),
      ...(init !== undefined && { init }),
    },
    notes: [],
    maskEmbedding: mask && checkedMask(mask, configured, maskName, file),
    recognition:
      recognition === undefined ? undefined : () => readLayer(recognition, configured, place, file),
  };
}

async function readLayer(
  recognition: unknown,
  { encoder: { dims } }: ConfiguredFamily,
  place: string,
  file: string,
): Promise<RecognitionLayer> {
  const names = [weightName, biasName] as const;
  const { tensors } = await readSafetensors(file, (name) => names.some((each) => each === name));
  return layerOf(parseTokens(recognition, place), tensors, names, dims.at(-1) as number, file);
}

/** What a folder of ours keeps. */
export interface FolderContent {
  readonly config: unknown;
  readonly parameters: HostParameters;
  readonly maskEmbedding?: HostTensor | undefined;
  readonly recognition?: RecognitionLayer | undefined;
  /** What `config.json` is to say of the training. */
  readonly training?: unknown;
  /** The checkpoint that it began with: `{ name, spec, hash }`. */
  readonly init?: unknown;
}

/**
 * Writes `config.json` and `model.safetensors`, each whole or not at all.
 * @param hash the encoder's
 * @returns the files
 * @throws UserError (exit code 1) where nothing can be written
 */
export async function writeOwnFolder(
  folder: string,
  { config, parameters, maskEmbedding, recognition, training, init }: FolderContent,
  hash: string,
): Promise<readonly string[]> {
  const [place, file] = [join(folder, configFile), join(folder, weightsFile)];
  const tensors = {
    ...parameters,
    ...(maskEmbedding && { [maskName]: maskEmbedding }),
    ...(recognition && recognitionTensors(recognition)),
  };
  await writeSafetensors(file, tensors, { format: 'ehmam', hash });
  const settings = { encoder: config, training, init, recognition: recognition && tokensOf(recognition) };
  await writeFileAtomic(place, `${JSON.stringify(settings, null, 2)}\n`);
  return [place, file];
}

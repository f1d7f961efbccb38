/** @file Recognisers: encoders with the output layer that fine-tuning gave them, read from folders and written as ours. */
import { UserError } from '../base/errors.js';
import { encoderOf } from './checkpoint.js';
import { configure } from './configured.js';
import type { Encoder } from './encoder.js';
import { type LoadOptions, loadEncoder } from './load.js';
import { configFile, type FolderContent, writeOwnFolder } from './own-folder.js';
import type { RecognitionLayer } from './recognition.js';

export type { RecognitionLayer } from './recognition.js';

/** An encoder, and the layer behind its last hidden state. */
export interface Recogniser {
  readonly encoder: Encoder;
  readonly recognition: RecognitionLayer;
}

/**
 * Loads a recogniser: a fine-tuned folder of ours, or a folder of transformers or `hf:OWNER/NAME` with `lm_head.*` and
 * `vocab.json`.
 * @throws UserError as `loadEncoder`; for an encoder without an output layer; for a layer whose tokens are not known
 */
export async function loadRecogniser(
  spec: string,
  options: Pick<LoadOptions, 'quiet'> = {},
): Promise<Recogniser> {
  const encoder = await loadEncoder(spec, 0, options);
  if (encoder.recognition === undefined) {
    throw new UserError(`'${spec}' is not a recogniser: it has no output layer over tokens`, {
      hint: "Expected a folder of 'ehmam finetune', or a model of transformers with lm_head and vocab.json",
    });
  }
  return { encoder, recognition: await encoder.recognition() };
}

/** What a fine-tuned folder keeps: `config` and `parameters` are those of an `Encoder`. */
export type RecogniserContent = FolderContent & { readonly recognition: RecognitionLayer };

/**
 * Writes a fine-tuned folder of ours: `config.json` and `model.safetensors`, each whole or not at all.
 * @throws UserError (exit code 1) where nothing can be written
 */
export async function writeRecogniser(folder: string, content: RecogniserContent): Promise<void> {
  const { hash } = encoderOf(folder, folder, configure(content.config, configFile), content.parameters);
  await writeOwnFolder(folder, content, hash);
}

/**
 * The output layer of an encoder, where it has one that can be read; of one that cannot, it is said why.
 * @param say takes a line for the user
 */
export async function readableRecognition(
  { recognition }: Encoder,
  say: (line: string) => void,
): Promise<RecognitionLayer | undefined> {
  try {
    return await recognition?.();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    say(`output layer ignored: ${error.message}`);
    return undefined;
  }
}

/** @file An encoder as a folder, of our format or of transformers': it loads as the same encoder, without what it was read from. */
import { join } from 'node:path';
import { UserError } from '../../base/errors.js';
import type { Encoder } from '../../encoders/encoder.js';
import { writeHubFolder } from '../../encoders/huggingface/write-folder.js';
import { writeOwnFolder } from '../../encoders/own-folder.js';
import type { RecognitionLayer } from '../../encoders/recognition.js';

export interface WrittenFolder {
  readonly folder: string;
  readonly files: readonly string[];
  readonly hash: string;
}

export interface FolderOptions {
  /** Whose format (default: ours). */
  readonly format?: 'safetensors' | 'transformers';
  /** The output layer of a fine-tuned encoder, which goes along. */
  readonly recognition?: RecognitionLayer | undefined;
}

/**
 * Writes `config.json` and `model.safetensors`, and for transformers what says how waveforms and tokens are made.
 * @param head refused: a head has no place in the folder of an encoder
 * @throws UserError for an encoder without parameters, for a family that transformers does not have, and (exit code 1)
 *   where nothing can be written
 */
export async function exportFolder(
  encoder: Encoder,
  folder: string,
  head: string | undefined,
  { format = 'safetensors', recognition }: FolderOptions = {},
): Promise<WrittenFolder> {
  if (head !== undefined) {
    throw new UserError('--with needs --format onnx: a folder contains only the encoder', {
      hint: `The head is already in ${join(head, 'head.safetensors')}`,
    });
  }
  if (encoder.graph !== undefined) {
    throw new UserError(`${encoder.spec} is an ONNX file, which cannot be exported as safetensors`, {
      hint: 'Use --format parts: a folder with the unchanged file',
    });
  }
  if (Object.keys(encoder.parameters).length === 0) {
    throw new UserError(`${encoder.name} has no parameters to export`, {
      hint: 'Its name is already a SPEC',
    });
  }
  const files =
    format === 'transformers'
      ? await writeHubFolder(folder, encoder, recognition)
      : await writeOwnFolder(folder, { ...encoder, recognition }, encoder.hash);
  return { folder, files, hash: encoder.hash };
}

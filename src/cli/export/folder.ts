/** @file An encoder as a folder of our format: it loads as the same encoder, without what it was read from. */
import { join } from 'node:path';
import { UserError } from '../../base/errors.js';
import { writeFileAtomic } from '../../base/files.js';
import type { Encoder } from '../../encoders/encoder.js';
import { configFile, weightsFile } from '../../encoders/own-folder.js';
import { writeSafetensors } from '../../formats/safetensors.js';

export interface WrittenFolder {
  readonly folder: string;
  readonly files: readonly string[];
  readonly hash: string;
}

/**
 * Writes `config.json` and `model.safetensors`.
 * @param head refused: a head has no place in the folder of an encoder
 * @throws UserError for an encoder without parameters, and (exit code 1) where nothing can be written
 */
export async function exportFolder(
  encoder: Encoder,
  folder: string,
  head: string | undefined,
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
  const [config, weights] = [join(folder, configFile), join(folder, weightsFile)];
  await writeSafetensors(weights, encoder.parameters, { format: 'ehmam', hash: encoder.hash });
  await writeFileAtomic(config, `${JSON.stringify({ encoder: encoder.config }, null, 2)}\n`);
  return { folder, files: [config, weights], hash: encoder.hash };
}

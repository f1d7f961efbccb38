/** @file Checkpoints in our own format: `config.json` and `model.safetensors`, as pre-training and export write them. */
import { basename, join, resolve } from 'node:path';
import { readSafetensors } from '../formats/safetensors.js';
import type { Checkpoint } from './checkpoint.js';
import { configure } from './configured.js';

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
  const { encoder, training, init } = (settings ?? {}) as Readonly<Record<string, unknown>>;
  const configured = configure(encoder ?? settings, place);
  const { tensors } = await readSafetensors(file, (name) => Object.hasOwn(configured.specs, name));
  return {
    name: basename(resolve(folder)),
    configured,
    tensors,
    file,
    origin: {
      format: 'ehmam folder',
      files: [place, file],
      ...(training !== undefined && { training }),
      ...(init !== undefined && { init }),
    },
    notes: [],
  };
}

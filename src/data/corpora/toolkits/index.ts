/** @file The toolkits whose corpora are read, and from one of them to a manifest. */
import { UserError } from '../../../base/errors.js';
import { type PreparedCorpus, type WriteOptions, writeManifests } from '../prepare.js';
import { kaldi } from './kaldi.js';
import { lhotse } from './lhotse.js';
import { nemo } from './nemo.js';
import { parquet } from './parquet.js';
import type { Toolkit, ToolkitInput, ToolkitOptions } from './toolkit.js';
import { webdataset } from './webdataset.js';

export { splitChoices } from './split-names.js';
export type { Toolkit } from './toolkit.js';

export const toolkits: readonly Toolkit[] = [kaldi, nemo, lhotse, parquet, webdataset];

export interface ToolkitRequest extends Omit<ToolkitOptions, 'inputs'>, Pick<WriteOptions, 'out'> {
  /** Files or folders, each alone or as `train=PATH`. */
  readonly inputs: readonly string[];
}

/**
 * Writes the manifest of a corpus in a toolkit's format.
 * @throws UserError as the toolkit's `read`, and when no utterance is left or `out` cannot be written
 */
export async function prepareToolkit(toolkit: Toolkit, request: ToolkitRequest): Promise<PreparedCorpus> {
  const inputs = request.inputs.map(inputOf);
  const [first] = inputs;
  if (first === undefined) {
    throw new UserError(`missing files; usage: ehmam prepare ${toolkit.name} ${toolkit.inputs}`, {
      hint: "See 'ehmam prepare --help' for examples",
    });
  }
  if (request.unpack !== undefined && !toolkit.hasAudioInside)
    throw new UserError(`--unpack does not apply to ${toolkit.name}`, {
      hint: 'Remove it: the audio is in separate files already',
    });
  const found = await toolkit.read({ ...request, inputs });
  return writeManifests(toolkit.name, found, { ...request, place: request.root ?? first.path });
}

/** `train=DIR`, or a path alone. */
function inputOf(text: string): ToolkitInput {
  const [, split, path] = /^(train|dev|test)=(.+)$/s.exec(text) ?? [];
  return path === undefined ? { path: text } : { path, split };
}

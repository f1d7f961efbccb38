/** @file The file of a training that is not done yet: all it takes to go on from there, bit for bit. One format for all. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { UserError } from '../base/errors.js';
import type { HostTensor } from '../base/host-tensor.js';
import { isHostTensor } from '../engine/tree.js';
import { readSafetensors, writeSafetensors } from '../formats/safetensors.js';
import { restoreValues, type StoredValues, storeValues } from './stored-values.js';

/** Raised when the file's layout changes. */
export const checkpointFormat = 'ehmam training checkpoint 1';
const anyFormat = /^ehmam training checkpoint \d+$/;

/** Whose checkpoint it is. */
export interface CheckpointOrigin {
  /** The kind of training, which knows what its states look like: `pretrain`, or a kind of head. */
  readonly kind: string;
  /** Of all that decides the result (`digestOf`). */
  readonly digest: string;
}

/** For the schemas of states. */
export const hostTensorSchema = z.custom<HostTensor>(
  (value) => typeof value === 'object' && value !== null && isHostTensor(value as HostTensor),
);
/** Any number, also one that is not finite. */
export const anyNumberSchema = z.custom<number>((value) => typeof value === 'number');
export const hostParametersSchema = z.record(z.string(), hostTensorSchema);

/** A digest of values that JSON can hold; the order of names does not matter, what is undefined does not count. */
export function digestOf(values: Readonly<Record<string, unknown>>): string {
  const text = JSON.stringify(values, (_name, value: unknown) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
  return createHash('sha256').update(text).digest('hex');
}

/**
 * Writes a state of plain values and host tensors, whole or not at all.
 * @throws UserError (exit code 1) when the file cannot be written
 */
export async function writeCheckpoint(
  file: string,
  { kind, digest }: CheckpointOrigin,
  state: object,
): Promise<void> {
  const { text, tensors } = storeValues(state);
  const metadata = { format: checkpointFormat, kind, digest, state: text };
  await writeSafetensors(file, tensors, { ...metadata, hash: hashOf(metadata, tensors) });
}

/** A state, or what is wrong with a file that is damaged. */
export type CheckpointReading<State> = { readonly state: State } | { readonly damage: UserError };

/**
 * Reads the state of a training.
 * @param schema of the states of this kind of training
 * @param hint what to do with one of another version
 * @returns the damage of a file that is not as it was written, or cannot be read
 * @throws UserError for a file that is whole, but of an earlier version, of another kind or of other work
 */
export async function readCheckpoint<State>(
  file: string,
  origin: CheckpointOrigin,
  schema: z.ZodType<State>,
  hint?: string,
): Promise<CheckpointReading<State>> {
  const header = await unlessDamaged(readSafetensors(file, () => false));
  if (header instanceof UserError) return { damage: header };
  refuseOtherVersions(header.metadata, file, hint);
  const whole = await unlessDamaged(readSafetensors(file));
  if (whole instanceof UserError) return { damage: whole };
  const { metadata, tensors } = whole;
  if (hashOf(metadata, tensors) !== metadata.hash)
    return { damage: new UserError('is damaged: its checksum does not match', { file }) };
  // From here on the file says what was written, so a difference is no damage.
  if (metadata.kind !== origin.kind)
    throw new UserError(`is a checkpoint of a different kind of training (${metadata.kind})`, { file });
  if (metadata.digest !== origin.digest) {
    const what = 'is a checkpoint of a different training (other data, settings, versions or engine)';
    throw new UserError(what, { file });
  }
  const state = schema.safeParse(restoreValues({ text: metadata.state ?? '', tensors }));
  if (state.success) return { state: state.data };
  const [issue] = state.error.issues;
  throw new UserError(`unknown checkpoint contents (${issue?.path.join('.')})`, { file });
}

async function unlessDamaged<T>(reading: Promise<T>): Promise<T | UserError> {
  return reading.catch((error: unknown) => {
    if (error instanceof UserError) return error;
    throw error;
  });
}

/** Before checkpoints had one format, a head's had its own, and one of pre-training said no more than its step. */
function refuseOtherVersions(
  { format, step }: Readonly<Record<string, string>>,
  file: string,
  hint: string | undefined,
): void {
  const earlier =
    format?.startsWith('ehmam head checkpoint ') || (format === undefined && step !== undefined);
  const other = format !== undefined && format !== checkpointFormat && anyFormat.test(format);
  if (!earlier && !other) return;
  const whose = earlier ? 'an earlier version of ehmam' : `another version of ehmam (${format})`;
  throw new UserError(`is a checkpoint of ${whose}, which cannot be resumed`, {
    file,
    ...(hint !== undefined && { hint }),
  });
}

function hashOf(metadata: Readonly<Record<string, string>>, tensors: StoredValues['tensors']): string {
  const { format, kind, digest, state } = metadata;
  const hash = createHash('sha256').update(JSON.stringify([format, kind, digest, state]));
  for (const name of Object.keys(tensors).sort()) {
    const { dtype, shape, data } = tensors[name] as HostTensor;
    hash.update(JSON.stringify([name, dtype, shape]));
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest('hex');
}

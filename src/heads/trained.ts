/** @file A trained head by itself: what it takes to run it later, kept in one file beside its result. */
import { UserError } from '../base/errors.js';
import type { HostParameters } from '../base/host-tensor.js';
import * as tf from '../engine/ops.js';
import type { Parameters } from '../engine/tree.js';
import { readSafetensors, writeSafetensors } from '../formats/safetensors.js';
import { headKinds } from './registry.js';

/** The file of a head, inside `<folder>/<encoder>/<task>/`. */
export const headFileName = 'head.safetensors';

export interface TrainedHead {
  readonly kind: string;
  /** What the kind's forward pass needs beside the parameters. */
  readonly stored: unknown;
  readonly parameters: HostParameters;
}

/** Which encoder and task a head was trained for. */
export interface HeadOrigin {
  readonly task: string;
  readonly encoderHash: string;
  /** Of a task that is cross-validated. */
  readonly fold?: string | undefined;
}

/** Writes a head; all but its parameters stands in the file's metadata. */
export async function writeHead(file: string, head: TrainedHead, origin: HeadOrigin): Promise<void> {
  const { fold, ...place } = origin;
  await writeSafetensors(file, head.parameters, {
    ...place,
    ...(fold !== undefined && { fold }),
    head: headText(head),
  });
}

/** Kind and stored form of a head as one JSON text. */
export function headText({ kind, stored }: Omit<TrainedHead, 'parameters'>): string {
  return JSON.stringify({ kind, ...(stored as object) });
}

/**
 * Reads a head.
 * @throws UserError for a file that is missing, damaged, no head, or of an unknown head kind
 */
export async function readHead(file: string): Promise<TrainedHead & { readonly origin: HeadOrigin }> {
  const { tensors, metadata } = await readSafetensors(file);
  const { kind, ...fields } = parsed(metadata.head);
  if (typeof kind === 'string' && !headKinds.has(kind)) {
    throw new UserError(`is a head of the unknown kind '${kind}'`, {
      file,
      mend: 'Load the plug-in that brings it with --plugin MODULE',
    });
  }
  const stored = typeof kind === 'string' ? headKinds.find(kind).stored.safeParse(fields) : undefined;
  const { task, encoderHash, fold } = metadata;
  if (typeof kind !== 'string' || !stored?.success || task === undefined || encoderHash === undefined) {
    throw new UserError('is no head of a task', { file, mend: 'Run the task again to write it anew' });
  }
  return { kind, stored: stored.data, parameters: tensors, origin: { task, encoderHash, fold } };
}

function parsed(text: string | undefined): Readonly<Record<string, unknown>> {
  try {
    return (JSON.parse(text ?? '{}') ?? {}) as Readonly<Record<string, unknown>>;
  } catch {
    return {};
  }
}

/**
 * What a head makes of hidden states of any length: its kind's forward pass.
 * @param parameters those of the head
 * @param states every hidden state, each [batch, frames, dim]
 * @returns outputs by name, each [batch, ...]
 */
export function headOutputs(
  { kind, stored }: Omit<TrainedHead, 'parameters'>,
  parameters: Parameters,
  states: readonly tf.Tensor[],
): Readonly<Record<string, tf.Tensor>> {
  return headKinds.find(kind).forward(stored, parameters, tf.stack([...states]));
}

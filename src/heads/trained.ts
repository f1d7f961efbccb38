/** @file A trained head by itself: what it takes to run it later, kept in one file beside its result. */
import { z } from 'zod';
import type { HeadKind } from '../api/head-kind.js';
import { UserError } from '../base/errors.js';
import type { HostParameters } from '../base/host-tensor.js';
import * as tf from '../engine/ops.js';
import type { Parameters } from '../engine/tree.js';
import { type StoredType, storedTypes } from '../features/shards.js';
import { readSafetensors, writeSafetensors } from '../formats/safetensors.js';
import { headKinds } from './registry.js';

/** The file of a head, inside `<folder>/<encoder>/<task>/`. */
export const headFileName = 'head.safetensors';

/** What a head was given that is not all that there is. */
const reducedSchema = z.object({
  /** The hidden states that it reads, where not all. */
  layers: z.array(z.int().nonnegative()).optional(),
  /** How much louder than its file the audio was. */
  gainDecibels: z.number().optional(),
  /** Whether it was without its pauses. */
  withoutSilence: z.boolean().optional(),
  /** How its frames were kept, where not as its kind keeps them where nothing is said. */
  frameType: z.enum(storedTypes).optional(),
});

export interface TrainedHead extends Readonly<z.infer<typeof reducedSchema>> {
  readonly kind: string;
  /** What the kind's forward pass needs beside the parameters. */
  readonly stored: unknown;
  readonly parameters: HostParameters;
}

/** How a kind's frames are kept where its settings say nothing; undefined of means, and where they must say something. */
export function usualFrameType({ settings, reads }: HeadKind): StoredType | undefined {
  const usual = settings.safeParse({});
  const read = usual.success ? reads(usual.data) : undefined;
  return read?.store === 'frames' ? read.type : undefined;
}

/** Which encoder and task a head was trained for. */
export interface HeadOrigin {
  readonly task: string;
  readonly encoderHash: string;
  /** Of a task that is cross-validated. */
  readonly fold?: string | undefined;
  /** Of the manifest's own rows, where the record's is of what crops and gains made of them. */
  readonly manifestHash?: string | undefined;
}

/** Writes a head; all but its parameters stands in the file's metadata. */
export async function writeHead(file: string, head: TrainedHead, origin: HeadOrigin): Promise<void> {
  const { fold, manifestHash, ...place } = origin;
  await writeSafetensors(file, head.parameters, {
    ...place,
    ...(fold !== undefined && { fold }),
    ...(manifestHash !== undefined && { manifestHash }),
    head: headText(head),
  });
}

/** Kind and stored form of a head as one JSON text. */
export function headText({ kind, stored, ...rest }: Omit<TrainedHead, 'parameters'>): string {
  const { layers, gainDecibels, withoutSilence, frameType } = rest;
  const reads = { layers, gainDecibels, withoutSilence, frameType };
  const isUsual = Object.values(reads).every((value) => value === undefined);
  return JSON.stringify({ kind, ...(!isUsual && { reads }), ...(stored as object) });
}

/**
 * Reads a head.
 * @throws UserError for a file that is missing, damaged, no head, or of an unknown head kind
 */
export async function readHead(file: string): Promise<TrainedHead & { readonly origin: HeadOrigin }> {
  const { tensors, metadata } = await readSafetensors(file);
  const { kind, reads, ...fields } = parsed(metadata.head);
  if (typeof kind === 'string' && !headKinds.has(kind)) {
    throw new UserError(`unknown head kind '${kind}'`, {
      file,
      hint: 'Load its plug-in with --plugin MODULE',
    });
  }
  const stored = typeof kind === 'string' ? headKinds.find(kind).stored.safeParse(fields) : undefined;
  const reduced = reducedSchema.safeParse(reads ?? {});
  const { task, encoderHash, fold, manifestHash } = metadata;
  if (
    typeof kind !== 'string' ||
    !stored?.success ||
    !reduced.success ||
    task === undefined ||
    encoderHash === undefined
  ) {
    throw new UserError('is not a trained head', { file, hint: 'Run the task again to recreate it' });
  }
  const origin = { task, encoderHash, fold, manifestHash };
  return { kind, ...reduced.data, stored: stored.data, parameters: tensors, origin };
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
  { kind, stored, layers }: Omit<TrainedHead, 'parameters'>,
  parameters: Parameters,
  states: readonly tf.Tensor[],
): Readonly<Record<string, tf.Tensor>> {
  const read = layers?.map((layer) => states[layer] as tf.Tensor) ?? [...states];
  return headKinds.find(kind).forward(stored, parameters, tf.stack(read));
}

/** @file A trained head by itself: what it takes to run it later, kept in one file beside its result. */

import { z } from 'zod';
import { UserError } from '../base/errors.js';
import { float32, floatsOf, type HostParameters } from '../base/host-tensor.js';
import * as tf from '../engine/ops.js';
import type { Parameters } from '../engine/tree.js';
import { readSafetensors, writeSafetensors } from '../formats/safetensors.js';
import { conv1d } from '../nn/conv1d.js';
import { layerSum } from '../nn/layer-sum.js';
import { linear, parameter } from '../nn/linear.js';
import { bidirectionalLstm } from '../nn/lstm.js';
import { standardized } from './frame-ctc/model.js';
import { pooledLogits, type Slots } from './pooled-linear/model.js';
import type { FeatureStandard } from './standard.js';

/** The file of a head, inside `<folder>/<encoder>/<task>/`. */
export const headFileName = 'head.safetensors';

const pooledSchema = z.object({
  kind: z.literal('pooled-linear'),
  slots: z.array(z.object({ column: z.string(), classes: z.array(z.string()) })).min(1),
});

const ctcSchema = z.object({
  kind: z.literal('frame-ctc'),
  column: z.string(),
  tokens: z.array(z.string()),
  blank: z.int().nonnegative(),
  /** Frames joined into one step. */
  join: z.int().positive(),
  lstmLayers: z.int().positive(),
});

const settingsSchema = z.discriminatedUnion('kind', [pooledSchema, ctcSchema]);

export interface TrainedHead {
  readonly settings: z.infer<typeof settingsSchema>;
  readonly parameters: HostParameters;
  /** If set, hidden states are shifted and scaled by it first. */
  readonly standard?: FeatureStandard | undefined;
}

/** Which encoder and task a head was trained for. */
export interface HeadOrigin {
  readonly task: string;
  readonly encoderHash: string;
}

const standardNames = { mean: 'standard.mean', scale: 'standard.scale' } as const;

/** Writes a head; its settings stand in the file's metadata. */
export async function writeHead(file: string, head: TrainedHead, origin: HeadOrigin): Promise<void> {
  const { settings, parameters, standard } = head;
  const layers = parameters.layerWeights?.data.length ?? 1;
  const kept = (values: Float32Array) => float32([layers, values.length / layers], values);
  const standards = standard && {
    [standardNames.mean]: kept(standard.mean),
    [standardNames.scale]: kept(standard.scale),
  };
  await writeSafetensors(
    file,
    { ...parameters, ...standards },
    { ...origin, head: JSON.stringify(settings) },
  );
}

/**
 * Reads a head.
 * @throws UserError for a file that is missing, damaged, or no head
 */
export async function readHead(file: string): Promise<TrainedHead & { readonly origin: HeadOrigin }> {
  const { tensors, metadata } = await readSafetensors(file);
  const settings = settingsSchema.safeParse(parsed(metadata.head));
  const { task, encoderHash } = metadata;
  if (!settings.success || task === undefined || encoderHash === undefined) {
    throw new UserError('is no head of a task', { file, mend: 'Run the task again to write it anew' });
  }
  const { [standardNames.mean]: mean, [standardNames.scale]: scale, ...parameters } = tensors;
  return {
    settings: settings.data,
    parameters,
    ...(mean && scale && { standard: { mean: floatsOf(mean), scale: floatsOf(scale) } }),
    origin: { task, encoderHash },
  };
}

function parsed(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? 'null');
  } catch {
    return undefined;
  }
}

/**
 * Logits of one utterance, for any length.
 * @param parameters those of the head
 * @param states every hidden state, each [1, frames, dim]
 * @returns `logits` [1, classes] of one classifier, `logits.<column>` of several; or `logits` [1, steps, tokens]
 */
export function headLogits(
  head: Pick<TrainedHead, 'settings' | 'standard'>,
  parameters: Parameters,
  states: readonly tf.Tensor[],
): Record<string, tf.Tensor> {
  const { settings } = head;
  if (settings.kind === 'frame-ctc') return { logits: ctcLogitsOfOne(head, settings, parameters, states) };
  const means = tf.stack(states.map((state) => state.mean(1))); // (layers, 1, dim)
  const { slots } = settings;
  const logits = pooledLogits(parameters, slots.length, means);
  return Object.fromEntries(logits.map((values, i) => [logitsName(slots, i), values]));
}

/** `logits`, or `logits.<column>` where a head has several classifiers. */
function logitsName(slots: Slots, i: number): string {
  return slots.length === 1 ? 'logits' : `logits.${slots[i]?.column}`;
}

/** As `ctcLogits` for a batch of one: the last step's missing frames are zeros before they are standardised. */
function ctcLogitsOfOne(
  { standard }: Pick<TrainedHead, 'standard'>,
  { join, lstmLayers }: z.infer<typeof ctcSchema>,
  parameters: Parameters,
  states: readonly tf.Tensor[],
): tf.Tensor {
  const stacked = tf.stack([...states]); // (layers, 1, frames, dim)
  const padded = stacked.pad([
    [0, 0],
    [0, 0],
    [0, join - 1],
    [0, 0],
  ]);
  const seen = layerSum(parameter(parameters, 'layerWeights'), standardized(padded, standard)); // (1, frames + join - 1, dim)
  let hidden = joined(parameters, seen, join); // (1, steps, projection)
  const steps = tf
    .onesLike(hidden.slice([0, 0, 0], [1, -1, 1]))
    .sum()
    .toInt()
    .reshape([1]);
  for (let layer = 0; layer < lstmLayers; layer++)
    hidden = bidirectionalLstm(parameters, 'lstm', hidden as tf.Tensor3D, steps as tf.Tensor1D, layer);
  return linear(parameters, 'output', hidden);
}

/** The projection of so many frames at once, which is a strided convolution: for any length. */
function joined(parameters: Parameters, x: tf.Tensor, join: number): tf.Tensor {
  const weight = parameter(parameters, 'projector.weight');
  const [out, width] = weight.shape as [number, number];
  const taps = weight.reshape([out, join, width / join]).transpose([0, 2, 1]); // (out, dim, join)
  const named = { 'projector.weight': taps, 'projector.bias': parameter(parameters, 'projector.bias') };
  return conv1d(named, 'projector', x.transpose([0, 2, 1]), { stride: join }).transpose([0, 2, 1]);
}

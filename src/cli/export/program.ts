/** @file What an exported file computes: everything from the raw waveform on, so that a user need prepare nothing. */

import { gainFactor, sampleRateHz } from '../../audio/index.js';
import { UserError } from '../../base/errors.js';
import type { Encoder } from '../../encoders/encoder.js';
import { constants } from '../../engine/constants.js';
import { lowerToOnnx } from '../../engine/lower.js';
import type * as tf from '../../engine/ops.js';
import type { ModelNames } from '../../engine/serialize.js';
import { headKinds } from '../../heads/registry.js';
import { headOutputs, headText, type TrainedHead } from '../../heads/trained.js';

/** What normalisation adds to the variance where the encoder's family says nothing else. */
const usualEpsilon = 1e-5;

/** Protocol buffers hold less than 2 GiB; names and nodes need a little of it. */
const mostWeightBytes = 2 ** 31 - 16 * 2 ** 20;

type Waveform = { waveform: tf.Tensor };
type Outputs = Readonly<Record<string, tf.Tensor>>;

/** Waveform [1, samples], normalised if the encoder asks for it, to `hidden.0` ..., or to the head's outputs. */
export function encoderFunction(encoder: Encoder, head: TrainedHead | undefined) {
  return ({ waveform }: Waveform): Outputs => {
    return outputsOf(encoder.forward(constants(encoder.parameters), { waveform }), head);
  };
}

/** The hidden states by name, or what the head makes of them. */
export function outputsOf(states: readonly tf.Tensor[], head: TrainedHead | undefined): Outputs {
  return head === undefined
    ? Object.fromEntries(states.map((state, i) => [`hidden.${i}`, state]))
    : headOutputs(head, constants(head.parameters), states);
}

/** The same from the raw waveform: normalisation is a part of the file. */
function exportedFunction(encoder: Encoder, head: TrainedHead | undefined) {
  const encode = encoderFunction(encoder, head);
  return ({ waveform: read }: Waveform): Outputs => {
    const waveform = head?.gainDecibels === undefined ? read : read.mul(gainFactor(head.gainDecibels));
    if (!encoder.normalizesWaveform) return encode({ waveform });
    const centred = waveform.sub(waveform.mean(1, true));
    const variance = centred.square().mean(1, true);
    return encode({ waveform: centred.mul(variance.add(encoder.waveformEpsilon ?? usualEpsilon).rsqrt()) });
  };
}

/**
 * The ONNX model of an encoder, with a head if one is given.
 * Input `waveform` [1, samples]; outputs [1, frames, dim] (`hidden.i`) or the head's; metadata says what it is.
 * @throws UserError when the weights are more than one file holds
 */
export async function exportedModel(encoder: Encoder, head: TrainedHead | undefined): Promise<Uint8Array> {
  const names = namesOf(encoder, head);
  if (encoder.graph !== undefined) {
    const factor = gainFactor(head?.gainDecibels ?? 0);
    return encoder.graph.merge((states) => outputsOf(states, head), names, factor);
  }
  const tensors = [...Object.values(encoder.parameters), ...Object.values(head?.parameters ?? {})];
  const weightBytes = tensors.reduce((sum, { data }) => sum + data.byteLength, 0);
  if (weightBytes > mostWeightBytes) {
    const gigabytes = (weightBytes / 2 ** 30).toFixed(1);
    throw new UserError(`the weights are ${gigabytes} GiB, but an ONNX file is limited to 2 GiB`, {
      hint: 'Use --format safetensors',
    });
  }
  const { bytes } = lowerToOnnx(
    exportedFunction(encoder, head),
    { waveform: { shape: [1, encoder.minimumSamples], dtype: 'float32' } },
    { name: `export of ${encoder.name}`, dynamicAxes: { waveform: 1 } },
    names,
  );
  return bytes;
}

/** What the file calls its inputs, outputs and free axes, and what it says of itself. */
function namesOf(encoder: Encoder, head: TrainedHead | undefined): ModelNames {
  return {
    output: (path) => path,
    axis: (name) =>
      name === 'waveform' ? 'samples' : ((head && headKinds.find(head.kind).freeAxis) ?? 'frames'),
    metadata: {
      encoder: encoder.name,
      family: encoder.family,
      hash: encoder.hash,
      sampleRateHz: String(sampleRateHz),
      minimumSamples: String(encoder.minimumSamples),
      frameSamples: String(encoder.hopSamples),
      ...(head && { head: headText(head) }),
    },
  };
}

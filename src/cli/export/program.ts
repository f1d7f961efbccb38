/** @file What an exported file computes: everything from the raw waveform on, so that a user need prepare nothing. */

import { gainFactor, sampleRateHz } from '../../audio/index.js';
import { UserError } from '../../base/errors.js';
import type { Encoder } from '../../encoders/encoder.js';
import {
  type RecognitionLayer,
  recognitionTensors,
  tokenLogits,
  tokensOf,
} from '../../encoders/recognition.js';
import { constants } from '../../engine/constants.js';
import { lowerToOnnx } from '../../engine/lower.js';
import type { ModelNames } from '../../engine/model-names.js';
import type * as tf from '../../engine/ops.js';
import { headKinds } from '../../heads/registry.js';
import { headOutputs, headText, type TrainedHead } from '../../heads/trained.js';

/** What normalisation adds to the variance where the encoder's family says nothing else. */
const usualEpsilon = 1e-5;

/** Protocol buffers hold less than 2 GiB; names and nodes need a little of it. */
const mostWeightBytes = 2 ** 31 - 16 * 2 ** 20;

type Waveform = { waveform: tf.Tensor };
type Outputs = Readonly<Record<string, tf.Tensor>>;

/** What stands behind an encoder: a head of a result, or the output layer that fine-tuning gave it. */
export interface Behind {
  readonly head?: TrainedHead | undefined;
  readonly recognition?: RecognitionLayer | undefined;
}

/**
 * Waveform [1, samples], normalised if the encoder asks for it, to `hidden.0` ... and a recogniser's `logits`, or to the
 * head's outputs.
 */
export function encoderFunction(encoder: Encoder, behind: Behind) {
  return ({ waveform }: Waveform): Outputs => {
    return outputsOf(encoder.forward(constants(encoder.parameters), { waveform }), behind);
  };
}

/** The hidden states by name, with a recogniser's logits, or what the head makes of them. */
export function outputsOf(states: readonly tf.Tensor[], { head, recognition }: Behind): Outputs {
  if (head !== undefined) return headOutputs(head, constants(head.parameters), states);
  const hidden = Object.fromEntries(states.map((state, i) => [`hidden.${i}`, state]));
  if (recognition === undefined) return hidden;
  return { ...hidden, logits: tokenLogits(constants(recognitionTensors(recognition)), states) };
}

/** The same from the raw waveform: normalisation is a part of the file. */
function exportedFunction(encoder: Encoder, behind: Behind) {
  const { head } = behind;
  const encode = encoderFunction(encoder, behind);
  return ({ waveform: read }: Waveform): Outputs => {
    const waveform = head?.gainDecibels === undefined ? read : read.mul(gainFactor(head.gainDecibels));
    if (!encoder.normalizesWaveform) return encode({ waveform });
    const centred = waveform.sub(waveform.mean(1, true));
    const variance = centred.square().mean(1, true);
    return encode({ waveform: centred.mul(variance.add(encoder.waveformEpsilon ?? usualEpsilon).rsqrt()) });
  };
}

/**
 * The ONNX model of an encoder, with what stands behind it.
 * Input `waveform` [1, samples]; outputs [1, frames, dim] (`hidden.i`) and [1, frames, tokens] (`logits`), or the head's;
 * metadata says what it is.
 * @throws UserError when the weights are more than one file holds
 */
export async function exportedModel(encoder: Encoder, behind: Behind = {}): Promise<Uint8Array> {
  const { head, recognition } = behind;
  const names = namesOf(encoder, behind);
  if (encoder.graph !== undefined) {
    const factor = gainFactor(head?.gainDecibels ?? 0);
    return encoder.graph.merge((states) => outputsOf(states, behind), names, factor);
  }
  const added = head?.parameters ?? (recognition && recognitionTensors(recognition)) ?? {};
  const tensors = [...Object.values(encoder.parameters), ...Object.values(added)];
  const weightBytes = tensors.reduce((sum, { data }) => sum + data.byteLength, 0);
  if (weightBytes > mostWeightBytes) {
    const gigabytes = (weightBytes / 2 ** 30).toFixed(1);
    throw new UserError(`the weights are ${gigabytes} GiB, but an ONNX file is limited to 2 GiB`, {
      hint: 'Use --format safetensors',
    });
  }
  return lowerToOnnx(
    exportedFunction(encoder, behind),
    { waveform: { shape: [1, encoder.minimumSamples], dtype: 'float32' } },
    { name: `export of ${encoder.name}`, dynamicAxes: { waveform: 1 } },
    names,
  );
}

/** What the file calls its inputs, outputs and free axes, and what it says of itself. */
function namesOf(encoder: Encoder, { head, recognition }: Behind): ModelNames {
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
      ...(!head && recognition && { recognition: JSON.stringify(tokensOf(recognition)) }),
    },
  };
}

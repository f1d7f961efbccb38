/** @file A recogniser as fine-tuning runs it: masked frames, the encoder, a linear layer, the loss of CTC. */
import type { EncoderInput } from '../api/encoder-family.js';
import type { Encoder } from '../encoders/encoder.js';
import { maskName } from '../encoders/mask-embedding.js';
import { tokenLogits } from '../encoders/recognition.js';
import * as tf from '../engine/ops.js';
import type { Parameters } from '../engine/tree.js';
import { ctcLoss } from '../nn/ctc.js';
import { type DropoutKey, dropout } from '../nn/dropout.js';
import { parameter } from '../nn/linear.js';

/** Utterances in one shape. A type, so that it is a tree. */
export type SpeechBatch = {
  /** [batch, samples], as the encoder wants them. */
  readonly waveform: tf.Tensor;
  /** int32 [batch], samples of each row. */
  readonly lengths: tf.Tensor;
};

/** What training hides of a batch. A type, so that it is a tree. */
export type FrameMasks = {
  /** [batch, frames], 1 where a frame is masked. */
  readonly frames: tf.Tensor;
  /** [batch, width], 1 where a channel is set to zero in all frames. */
  readonly channels: tf.Tensor;
  /** [batch, frames, width], what stands in masked frames; absent where that is a parameter (`maskName`). */
  readonly noise?: tf.Tensor;
};

/** What is done to a batch in training. */
export interface TrainingPass {
  readonly masks?: FrameMasks | undefined;
  readonly key?: DropoutKey | undefined;
  /** Of the frames before the output layer. */
  readonly outputDropout?: number;
}

/**
 * Puts noise, or the learnt frame, in the place of masked frames, then zeros into masked channels: between the projection and
 * the positions, as apply_mask of fairseq's wav2vec2.py and of data2vec 2.0's modalities/base.py.
 */
function hidden(parameters: Parameters, masks: FrameMasks): NonNullable<EncoderInput['maskFrames']> {
  return (frames) => {
    const [, count, width] = frames.shape as [number, number, number];
    const mask = stretched(masks.frames, count).expandDims(2); // (batch, frames, 1)
    const filling = masks.noise ?? parameter(parameters, maskName).reshape([1, 1, width]);
    const kept = tf.scalar(1);
    const seen = frames.mul(kept.sub(mask)).add(filling.mul(mask));
    return seen.mul(kept.sub(masks.channels).expandDims(1));
  };
}

/** A mask for a family that hides frames which it joins later: each place stands for so many of them. */
function stretched(mask: tf.Tensor, frames: number): tf.Tensor {
  const [batch, places] = mask.shape as [number, number];
  if (places === frames) return mask;
  const times = Math.floor(frames / places);
  const repeated = mask
    .expandDims(2)
    .tile([1, 1, times])
    .reshape([batch, places * times]);
  return repeated.pad([
    [0, 0],
    [0, frames - places * times],
  ]);
}

/**
 * The logits of every frame.
 * @param encoder with the rates of dropout that training is to have
 * @param parameters the encoder's, `recognition.weight` [tokens, dim], `recognition.bias` [tokens], and `masked_spec_embed` [width]
 *   where masked frames are learnt
 * @returns [batch, frames, tokens]; those behind a row's end are the bias
 */
export function recognitionLogits(
  encoder: Pick<Encoder, 'forward'>,
  parameters: Parameters,
  { waveform, lengths }: SpeechBatch,
  { masks, key, outputDropout = 0 }: TrainingPass = {},
): tf.Tensor {
  const states = encoder.forward(parameters, {
    waveform,
    lengths,
    ...(key && { dropoutKey: key }),
    ...(masks && { maskFrames: hidden(parameters, masks) }),
  });
  return tokenLogits(parameters, [dropout(states.at(-1) as tf.Tensor, outputDropout, key, 'recognition')]);
}

/** The texts of a batch. A type, so that it is a tree. */
export type TargetBatch = {
  /** [batch, L] int32. */
  readonly targets: tf.Tensor;
  /** int32 [batch]. */
  readonly targetLengths: tf.Tensor;
  /** int32 [batch]: own frames of each row. */
  readonly frames: tf.Tensor;
  /** [batch]: 1, and 0 for rows that only fill up the shape. */
  readonly counts: tf.Tensor;
};

/**
 * The sum of the CTC losses of a batch, each over a whole text (fairseq's criterions/ctc.py: `reduction="sum"`,
 * `zero_infinity`), and the number of its utterances.
 * @param logits [batch, frames, tokens]
 */
export function recognitionLoss(
  logits: tf.Tensor,
  { targets, targetLengths, frames, counts }: TargetBatch,
  blank: number,
): { readonly loss: tf.Tensor; readonly count: tf.Tensor } {
  const losses = ctcLoss(
    logits as tf.Tensor3D,
    targets as tf.Tensor2D,
    frames as tf.Tensor1D,
    targetLengths as tf.Tensor1D,
    blank,
  );
  return { loss: tf.sum(losses.mul(counts)), count: tf.sum(counts) };
}

/** Inputs of an update's part. A type, so that it is a tree. */
export type UpdateInputs = {
  readonly speech: SpeechBatch;
  readonly text: TargetBatch;
  readonly masks: FrameMasks;
  /** int32 [2], see `DropoutKey`. */
  readonly key: tf.Tensor;
};

/** @file Which frames of padded utterances are their own. */
import * as tf from '../engine/ops.js';

/**
 * 1 where a frame is within its utterance, else 0: to be multiplied with hidden states.
 * @param lengths [batch] int32
 * @returns [1, batch, frames, 1]
 */
export function frameMask(lengths: tf.Tensor, frames: number): tf.Tensor {
  const times = tf.tensor(
    Array.from({ length: frames }, (_, t) => t),
    [1, frames],
    'int32',
  );
  const within = tf.less(times, tf.reshape(lengths, [-1, 1])); // [batch, frames]
  return tf.reshape(tf.cast(within, 'float32'), [1, -1, frames, 1]);
}

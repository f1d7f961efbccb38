/** @file Rows picked by index, where no row is picked twice: the gradient is a gather as well. */
import * as tf from '../engine/ops.js';
import { withGradient } from './custom.js';

/** A choice of rows and its way back. */
export interface RowChoice {
  /** int32 [picked]: the source row of each picked row. */
  readonly index: tf.Tensor;
  /** int32 [rows]: where each source row went (anything where it was not picked). */
  readonly inverse: tf.Tensor;
  /** [rows]: 1 where a source row was picked. */
  readonly picked: tf.Tensor;
}

/** @param x [rows, width]; returns [picked, width] */
export function gatherRows(x: tf.Tensor, choice: RowChoice): tf.Tensor {
  const { index, inverse, picked } = choice;
  return withGradient(
    [x],
    () => ({ value: tf.gather(x, index.toInt() as tf.Tensor1D), saved: [inverse, picked] }),
    (dy, saved) => {
      const [back, mask] = saved as [tf.Tensor, tf.Tensor];
      return [tf.gather(dy, back.toInt() as tf.Tensor1D).mul(mask.expandDims(1))];
    },
  );
}

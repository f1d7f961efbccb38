/** @file Value, auxiliary tensors and parameter gradients of a loss, in one pass. */
import * as tf from '@tensorflow/tfjs';
import type { Parameters } from '../engine/tree.js';

export interface LossWithGradients<Aux> {
  readonly loss: tf.Scalar;
  readonly gradients: Parameters;
  readonly auxiliary: Aux;
}

/**
 * Gradients of a scalar loss with respect to every parameter; zeros where the loss does not depend on one.
 * @param loss returns the loss and tensors made on the way that the caller wants too
 */
export function lossAndGradients<Aux extends Readonly<Record<string, tf.Tensor>>>(
  parameters: Parameters,
  loss: (parameters: Parameters) => { readonly loss: tf.Tensor; readonly auxiliary: Aux },
): LossWithGradients<Aux> {
  const names = Object.keys(parameters);
  const tensors = Object.values(parameters);
  let auxiliary: Aux | undefined;
  const { value, grads } = tf.engine().gradients(
    () => {
      const result = loss(parameters);
      // Kept: the scope of the gradient pass would free them.
      for (const tensor of Object.values(result.auxiliary)) tf.keep(tensor);
      auxiliary = result.auxiliary;
      return result.loss.asScalar();
    },
    tensors,
    undefined,
    true,
  );
  const gradients = Object.fromEntries(
    names.map((name, i) => [name, grads[i] ?? tf.zerosLike(tensors[i] as tf.Tensor)]),
  );
  return { loss: value as tf.Scalar, gradients, auxiliary: auxiliary as Aux };
}

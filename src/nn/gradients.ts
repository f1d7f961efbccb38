/** @file Value, auxiliary tensors and parameter gradients of a loss, in one pass. */
import * as tf from '../engine/ops.js';
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
  const made = new Map<string, tf.Tensor>();
  const { value, grads } = tf.engine().gradients(
    () => {
      const result = loss(parameters);
      // Kept: the scope of the gradient pass would free them.
      for (const [name, tensor] of Object.entries(result.auxiliary)) made.set(name, tf.keep(tensor.clone()));
      return result.loss.asScalar();
    },
    tensors,
    undefined,
    true,
  );
  const auxiliary = [...made].map(([name, tensor]) => {
    // From here on it lives as long as the caller's scope, like the loss.
    const freed = tensor.clone();
    tensor.dispose();
    return [name, freed];
  });
  const gradients = Object.fromEntries(
    names.map((name, i) => [name, grads[i] ?? tf.zerosLike(tensors[i] as tf.Tensor)]),
  );
  return { loss: value as tf.Scalar, gradients, auxiliary: Object.fromEntries(auxiliary) as Aux };
}

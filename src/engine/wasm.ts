/** @file The WebAssembly backend, with the kernel of it that gives wrong values replaced. */
import * as tf from './ops.js';
import '@tensorflow/tfjs-backend-wasm';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';

interface OneHotAttributes {
  readonly dtype: tf.DataType;
  readonly depth: number;
  readonly onValue: number;
  readonly offValue: number;
}

/**
 * `OneHot` of tfjs-backend-wasm 4.22 writes 32-bit integers whatever type is asked for: a float32 1 becomes 1.4e-45, and a
 * loss over it learns nothing.
 */
function oneHot(backend: BackendWasm, indices: tf.TensorInfo, attributes: OneHotAttributes): tf.TensorInfo {
  const { dtype, depth, onValue, offValue } = attributes;
  const out = backend.makeOutput([...indices.shape, depth], dtype);
  const values = backend.typedArrayFromHeap(out);
  values.fill(offValue);
  backend.typedArrayFromHeap(indices).forEach((index, row) => {
    if (index >= 0 && index < depth) values[row * depth + index] = onValue;
  });
  return out;
}

tf.unregisterKernel('OneHot', 'wasm');
tf.registerKernel({
  kernelName: 'OneHot',
  backendName: 'wasm',
  kernelFunc: ({ inputs, backend, attrs }) =>
    oneHot(backend as BackendWasm, inputs.indices as tf.TensorInfo, attrs as unknown as OneHotAttributes),
});

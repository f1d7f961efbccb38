/** @file What steps of a loop over time do in one operator each, where plain operations would take several. */
import { add, defineLowering, matrixProduct, need } from '../engine/kernels/index.js';
import { lowered } from '../engine/lowered.js';
import * as tf from '../engine/ops.js';

/** a b + c, as one node for two matrices. */
defineLowering('ProductPlus', (graph, inputs) => {
  const [a, b, c] = [need(inputs, 'a'), need(inputs, 'b'), need(inputs, 'c')];
  if (a.shape.length === 2) return graph.emit('Gemm', [a, b, c], c.shape, 'float32');
  return add(graph, matrixProduct(graph, a, b, false, false), c);
});

/** Parts of rows, made by one node: for loops, where each node of a step costs. */
defineLowering('RowParts', (graph, inputs, { sizes }) => {
  const x = need(inputs, 'x');
  const axis = x.shape.length - 2;
  const outputs = (sizes as number[]).map((size) => ({
    shape: x.shape.map((dim, i) => (i === axis ? size : dim)),
    type: x.type,
  }));
  const operands = [x, graph.int64s(sizes as number[])];
  return [...graph.emitMany('Split', operands, outputs, { attributes: { axis: { int: axis } } })];
});

/** a b + c of matrices, or of as many matrices; not differentiable by itself. */
export function productPlus(a: tf.Tensor, b: tf.Tensor, c: tf.Tensor): tf.Tensor {
  return lowered('ProductPlus', { a, b, c }, {}, () => [tf.add(tf.matMul(a, b), c)])[0] as tf.Tensor;
}

/** Parts of so many rows each, of [..., rows, columns]; not differentiable by itself. */
export function rowParts(x: tf.Tensor, sizes: number[]): tf.Tensor[] {
  return lowered('RowParts', { x }, { sizes }, () => tf.split(x, sizes, x.shape.length - 2));
}

/** [..., M, N] to [..., N, M]. */
export function turned(x: tf.Tensor): tf.Tensor {
  const rank = x.shape.length;
  return tf.transpose(x, [...Array(rank - 2).keys(), rank - 1, rank - 2]);
}

/** @file Matrix products, with transposes folded into them. */

import type { GraphBuilder, Value } from '../graph.js';
import * as tf from '../ops.js';
import { defineLowering, need } from './register.js';
import { reshape, transpose } from './shape.js';

/**
 * The matrix under a swap of the last two axes, and whether there was one. What was swapped outside of a loop stays so:
 * it is done once, and there for a reason.
 */
function untransposed(graph: GraphBuilder, x: Value): { matrix: Value; swapped: boolean } {
  if (!graph.isMadeHere(x)) return { matrix: x, swapped: false };
  const perm = x.producer?.op === 'Transpose' ? x.producer.attributes.perm : undefined;
  const source = x.producer?.inputs[0];
  if (perm === undefined || !('ints' in perm) || source === undefined) return { matrix: x, swapped: false };
  const rank = x.shape.length;
  const swap = [...Array(Math.max(rank - 2, 0)).keys(), rank - 1, rank - 2];
  return perm.ints.join() === swap.join() ? { matrix: source, swapped: true } : { matrix: x, swapped: false };
}

/** From so many on, products of ONNX Runtime 1.30 with a matrix that is transposed before them take less time, measured. */
const manyColumns = 768;

/** a · b over the last two axes; leading axes broadcast. */
export function matrixProduct(
  graph: GraphBuilder,
  a: Value,
  b: Value,
  transposeA: boolean,
  transposeB: boolean,
): Value {
  const left = untransposed(graph, a);
  const right = untransposed(graph, b);
  const flipA = transposeA !== left.swapped;
  const flipB = transposeB !== right.swapped;
  const [x, y] = [left.matrix, right.matrix];
  const [rows, columns] = [x.shape.at(flipA ? -1 : -2) as number, y.shape.at(flipB ? -2 : -1) as number];
  const inner = x.shape.at(flipA ? -2 : -1);
  if (inner !== y.shape.at(flipB ? -1 : -2))
    throw new Error(`inner sizes of a product differ: [${a.shape.join(', ')}] and [${b.shape.join(', ')}]`);
  const batch = tf.broadcast_util.assertAndGetBroadcastShape(x.shape.slice(0, -2), y.shape.slice(0, -2));
  const shape = [...batch, rows, columns];
  // A row that is transposed lies as a column does: by a column there is a faster kernel.
  if (x.shape.length === 2 && y.shape.length === 2 && !flipA && flipB && columns === 1)
    return graph.emit('MatMul', [x, reshape(graph, y, [inner as number, 1])], shape, 'float32');
  const areMatrices = x.shape.length === 2 && y.shape.length === 2;
  if (!flipA && !flipB) return graph.emit('MatMul', [x, y], shape, 'float32');
  // The processor's product transposes a left matrix anew for every few columns of the result: of many columns, better once.
  const early = areMatrices && flipA && columns >= manyColumns && graph.provider === 'cpu';
  const transA = { int: flipA && !early ? 1 : 0 };
  const transB = { int: flipB ? 1 : 0 };
  if (areMatrices && !early)
    return graph.emit('Gemm', [x, y], shape, 'float32', { attributes: { transA, transB } });
  // The runtime would make one Gemm of a Gemm and the transpose before it, and of a MatMul and the sum behind it: both take longer.
  return graph.emit('FusedMatMul', [early ? transpose(graph, x, [1, 0]) : x, y], shape, 'float32', {
    domain: 'com.microsoft',
    attributes: { transA, transB },
  });
}

defineLowering('BatchMatMul', (graph, inputs, { transposeA, transposeB }) =>
  matrixProduct(graph, need(inputs, 'a'), need(inputs, 'b'), Boolean(transposeA), Boolean(transposeB)),
);

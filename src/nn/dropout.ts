/** @file Dropout whose masks depend on (key, site, position) alone: a resumed run repeats them bit for bit. */

import { sizeOf } from '../base/host-tensor.js';
import { hashText, mix32 } from '../base/random.js';
import type { GraphBuilder, Value } from '../engine/graph.js';
import { defineLowering, need } from '../engine/kernels/index.js';
import { lowered } from '../engine/lowered.js';
import * as tf from '../engine/ops.js';
import { withGradient } from './custom.js';

/**
 * What decides the masks of one training step: an int32 scalar, another one each step. Or int32 [2], of a part of a batch: the
 * key, and how many rows of the batch stand before the part's. So a part has the masks that its rows have in the whole, if both
 * are padded to one length.
 */
export type DropoutKey = tf.Tensor;

const oddConstants = [0x7feb352d, 0x846ca68b] as const;
const rowSalt = 0x3c6ef372;
const columnSalt = 0x1b873593;

/** `mix32` of src/base/random.ts as nodes of a graph, on int32 that wraps around. */
function mixValues(graph: GraphBuilder, x: Value): Value {
  const shift = (value: Value, bits: number): Value => {
    const unsigned = graph.emit('Cast', [value], value.shape, 'uint32', { attributes: { to: { int: 12 } } });
    const by = graph.constant([bits], [], 'uint32');
    const shifted = graph.emit('BitShift', [unsigned, by], value.shape, 'uint32', {
      attributes: { direction: { text: 'RIGHT' } },
    });
    const back = graph.emit('Cast', [shifted], value.shape, 'int32', { attributes: { to: { int: 6 } } });
    return graph.emit('BitwiseXor', [value, back], value.shape, 'int32');
  };
  const times = (value: Value, factor: number): Value =>
    graph.emit('Mul', [value, graph.scalar(factor | 0, 'int32')], value.shape, 'int32');
  const [first, second] = oddConstants;
  return shift(times(shift(times(shift(x, 16), first), 15), second), 16);
}

defineLowering('DropoutMask', (graph, inputs, attributes) => {
  const { rows, columns, site, threshold } = attributes as Record<string, number>;
  const key = need(inputs, 'key');
  const hashes = (count: number, salt: number, first?: Value): Value => {
    const start = mixValues(
      graph,
      graph.emit('BitwiseXor', [key, graph.scalar((site as number) ^ salt, 'int32')], [], 'int32'),
    );
    const counted = graph.constant(
      Int32Array.from({ length: count }, (_, i) => i),
      [count],
      'int32',
    );
    const positions = first === undefined ? counted : graph.emit('Add', [counted, first], [count], 'int32');
    return mixValues(graph, graph.emit('BitwiseXor', [positions, start], [count], 'int32'));
  };
  const [r, c] = [rows as number, columns as number];
  const down = graph.emit(
    'Reshape',
    [hashes(r, rowSalt, inputs.first), graph.int64s([r, 1])],
    [r, 1],
    'int32',
  );
  const product = graph.emit('Mul', [down, hashes(c, columnSalt)], [r, c], 'int32');
  return graph.emit('GreaterOrEqual', [product, graph.scalar(threshold as number, 'int32')], [r, c], 'bool');
});

/** The same mask on the host, for the eager engines. */
function eagerMask(
  { key, first }: { readonly key: number; readonly first: number },
  { rows, columns, site, threshold }: MaskAttributes,
): tf.Tensor {
  const hashes = (count: number, salt: number, from: number): Int32Array => {
    const start = mix32(key ^ site ^ salt);
    return Int32Array.from({ length: count }, (_, i) => mix32((from + i) ^ start));
  };
  const [down, across] = [hashes(rows, rowSalt, first), hashes(columns, columnSalt, 0)];
  const mask = new Uint8Array(rows * columns);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      mask[r * columns + c] = Math.imul(down[r] as number, across[c] as number) >= threshold ? 1 : 0;
    }
  }
  return tf.tensor2d(mask, [rows, columns], 'bool');
}

type MaskAttributes = Readonly<Record<'rows' | 'columns' | 'site' | 'threshold', number>>;

/** True with probability 1 - rate: bool [rows, columns]; `first` rows stand before, an int32 scalar (default: none). */
function keepMask(
  rows: number,
  columns: number,
  rate: number,
  { key, first }: { readonly key: tf.Tensor; readonly first?: tf.Tensor | undefined },
  site: string,
): tf.Tensor {
  const attributes = { rows, columns, site: hashText(site), threshold: Math.round(rate * 2 ** 32 - 2 ** 31) };
  const value = (scalar: tf.Tensor): number => scalar.dataSync()[0] as number;
  const [mask] = lowered('DropoutMask', { key, ...(first && { first }) }, attributes, () => [
    eagerMask({ key: value(key), first: first === undefined ? 0 : value(first) }, attributes),
  ]);
  return mask as tf.Tensor;
}

/** A key's parts: of the whole, and the rows of the batch that stand before. */
function partsOf(key: DropoutKey): { readonly key: tf.Tensor; readonly rowsBefore?: tf.Tensor } {
  if (key.shape.length === 0) return { key };
  const [whole, rowsBefore] = tf.unstack(key) as [tf.Tensor, tf.Tensor];
  return { key: whole, rowsBefore };
}

/**
 * Layer drop: whether a layer runs in this step, [1]: 1, or 0 with probability `rate`.
 * @param site the layer; each is dropped for itself
 */
export function layerKept(rate: number, key: DropoutKey, site: string): tf.Tensor {
  if (rate === 1) return tf.zeros([1]);
  return keepMask(1, 1, rate, { key: partsOf(key).key }, site)
    .toFloat()
    .reshape([1]);
}

/**
 * Zeroes each element with probability `rate` and scales the others by 1 / (1 - rate).
 * @param x any shape; the first axis is the batch's where the key is of a part of one
 * @param key undefined at inference: x is returned as it is
 * @param site the place in the model; each has masks of its own
 */
export function dropout(x: tf.Tensor, rate: number, key: DropoutKey | undefined, site: string): tf.Tensor {
  if (rate === 0 || key === undefined) return x;
  if (rate === 1) return tf.where(tf.fill(x.shape, 0, 'bool'), x, tf.scalar(0));
  const columns = x.shape.at(-1) ?? 1;
  const rows = sizeOf(x.shape) / columns;
  const { key: whole, rowsBefore } = partsOf(key);
  const first = rowsBefore?.mul(tf.scalar(rows / (x.shape[0] ?? 1), 'int32'));
  const scaleKept = (values: tf.Tensor, mask: tf.Tensor): tf.Tensor =>
    tf.where(mask, values.mul(1 / (1 - rate)), tf.scalar(0));
  return withGradient(
    [x],
    () => {
      const shaped = keepMask(rows, columns, rate, { key: whole, first }, site).reshape(x.shape);
      return { value: scaleKept(x, shaped), saved: [shaped] };
    },
    (dy, [mask]) => [scaleKept(dy, mask as tf.Tensor)],
  );
}

/**
 * @file Convolution and its gradients as matrix products over blocks of `stride` samples.
 *
 * With the channels last, `stride` neighbouring samples are one row of a matrix, and a frame's taps lie in a few rows
 * that follow each other. So the convolution is a sum over those rows of products, moved by a row each; its gradients
 * are the same sum turned round, with nothing copied but the output's gradient.
 */
import type { ConvolutionSizes } from '../engine/kernels/index.js';
import * as tf from '../engine/ops.js';

interface Extent extends ConvolutionSizes {
  readonly batch: number;
  readonly time: number;
  readonly frames: number;
  /** Blocks that a frame's taps reach over, and blocks of all frames. */
  readonly reads: number;
  readonly blocks: number;
  /** Of one group. */
  readonly width: number;
}

function extentOf(x: readonly number[], weight: readonly number[], sizes: ConvolutionSizes): Extent {
  const [batch, , time] = x as [number, number, number];
  const [, width, taps] = weight as [number, number, number];
  const { stride, padding } = sizes;
  const frames = Math.floor((time + 2 * padding - taps) / stride) + 1;
  const reads = Math.ceil(taps / stride);
  return { ...sizes, batch, time, frames, reads, blocks: frames + reads - 1, width };
}

/** x [batch, in, time] to rows of samples, a matrix a group: [groups, batch * blocks, stride * width]. */
function blocksOf(x: tf.Tensor, extent: Extent): tf.Tensor {
  const { batch, time, stride, padding, groups, blocks, width } = extent;
  const length = blocks * stride;
  const last = padTime(x.transpose([0, 2, 1]), padding, Math.max(0, length - padding - time));
  const needed = last.slice([0, 0, 0], [batch, length, groups * width]);
  if (groups === 1) return needed.reshape([1, batch * blocks, stride * width]);
  const apart = needed.reshape([batch * blocks, stride, groups, width]).transpose([2, 0, 1, 3]);
  return apart.reshape([groups, batch * blocks, stride * width]);
}

/** The way back, [batch, in, time]. */
function samplesOf(rows: tf.Tensor, extent: Extent): tf.Tensor {
  const { batch, time, stride, padding, groups, blocks, width } = extent;
  const length = blocks * stride;
  const joined =
    groups === 1 ? rows : rows.reshape([groups, batch * blocks, stride, width]).transpose([1, 2, 0, 3]);
  const last = joined.reshape([batch, length, groups * width]);
  const whole = padTime(last, 0, Math.max(0, padding + time - length));
  return whole.slice([0, padding, 0], [batch, time, groups * width]).transpose([0, 2, 1]);
}

/** Samples of block `j` that a frame's taps reach: all of them but in the last block. */
const tapsIn = (taps: number, stride: number, j: number): number => Math.min(stride, taps - j * stride);

/** Filters for each block that a frame reads: [groups, out / groups, samples read * width]. */
function filtersOf(weight: tf.Tensor, { reads, stride, groups, width }: Extent): tf.Tensor[] {
  const [out, , taps] = weight.shape as [number, number, number];
  const last = weight.transpose([0, 2, 1]); // (out, taps, width)
  return Array.from({ length: reads }, (_, j) => {
    const own = tapsIn(taps, stride, j);
    return last.slice([0, j * stride, 0], [out, own, width]).reshape([groups, out / groups, own * width]);
  });
}

/** The first columns of rows [groups, rows, columns]. */
function firstColumns(rows: tf.Tensor, columns: number): tf.Tensor {
  const [groups, count] = rows.shape as [number, number, number];
  return rows.slice([0, 0, 0], [groups, count, columns]);
}

/** The sum of rows of so many columns, of which the last ones may lack some at the end. */
function sumOfRows(parts: readonly tf.Tensor[], columns: number): tf.Tensor {
  const last = parts.at(-1) as tf.Tensor;
  const [groups, count, own] = last.shape as [number, number, number];
  if (own === columns) return tf.addN([...parts]);
  const missing: [number, number] = [0, columns - own];
  if (parts.length === 1) return last.pad([[0, 0], [0, 0], missing]);
  const whole = parts.length === 2 ? (parts[0] as tf.Tensor) : tf.addN(parts.slice(0, -1));
  const behind = whole.slice([0, 0, own], [groups, count, columns - own]);
  return tf.concat([firstColumns(whole, own).add(last), behind], 2);
}

/** dy [batch, out, frames] with zeros where read `j` has no frame: [groups, batch * blocks, out / groups]. */
function outputRows(dy: tf.Tensor, { reads, batch, blocks, groups }: Extent, j: number): tf.Tensor {
  const out = dy.shape[1] as number;
  const rows = padTime(dy.transpose([0, 2, 1]), j, reads - 1 - j); // (batch, blocks, out)
  if (groups === 1) return rows.reshape([1, batch * blocks, out]);
  return rows.reshape([batch * blocks, groups, out / groups]).transpose([1, 0, 2]);
}

/** Zeros before and behind axis 1 of three. */
const padTime = (x: tf.Tensor, before: number, behind: number): tf.Tensor =>
  x.pad([
    [0, 0],
    [before, behind],
    [0, 0],
  ]);

/** x [batch, in, time], weight [out, in / groups, taps] to [batch, out, frames]. */
export function convByBlocks(x: tf.Tensor, weight: tf.Tensor, sizes: ConvolutionSizes): tf.Tensor {
  const extent = extentOf(x.shape, weight.shape, sizes);
  const { batch, blocks, frames, groups } = extent;
  const rows = blocksOf(x, extent);
  const out = (weight.shape[0] as number) / groups;
  const parts = filtersOf(weight, extent).map((filters, j) =>
    tf
      .matMul(firstColumns(rows, filters.shape[2] as number), filters, false, true)
      .reshape([groups, batch, blocks, out])
      .slice([0, 0, j, 0], [groups, batch, frames, out]),
  );
  return tf
    .addN(parts)
    .transpose([1, 0, 3, 2])
    .reshape([batch, groups * out, frames]);
}

/**
 * The gradient in x.
 * @param dy that in the output, [batch, out, frames]
 * @param x shape of x
 */
export function inputGradientByBlocks(
  dy: tf.Tensor,
  x: readonly number[],
  weight: tf.Tensor,
  sizes: ConvolutionSizes,
): tf.Tensor {
  const extent = extentOf(x, weight.shape, sizes);
  const parts = filtersOf(weight, extent).map((filters, j) => tf.matMul(outputRows(dy, extent, j), filters));
  return samplesOf(sumOfRows(parts, extent.stride * extent.width), extent);
}

/**
 * The gradient in the weight, [out, in / groups, taps].
 * @param weight shape of the weight
 */
export function filterGradientByBlocks(
  dy: tf.Tensor,
  x: tf.Tensor,
  weight: readonly number[],
  sizes: ConvolutionSizes,
): tf.Tensor {
  const [out, width, taps] = weight as [number, number, number];
  const extent = extentOf(x.shape, weight, sizes);
  const { reads, stride } = extent;
  const rows = blocksOf(x, extent);
  const parts = Array.from({ length: reads }, (_, j) => {
    const own = tapsIn(taps, stride, j);
    return tf
      .matMul(outputRows(dy, extent, j), firstColumns(rows, own * width), true, false)
      .reshape([out, own, width]);
  });
  return tf.concat(parts, 1).transpose([0, 2, 1]);
}

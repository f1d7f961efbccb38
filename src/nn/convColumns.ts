/**
 * @file Convolution and its gradients as matrix products over columns: what lies under the taps at each frame.
 * Columns have the channels last, so that a column is `stride` neighbours read at once, whatever the stride.
 */
import * as tf from '@tensorflow/tfjs';

/** How a convolution moves over its input. */
export interface ConvSizes {
  readonly stride: number;
  readonly padding: number;
  readonly groups: number;
}

/** What is read: `reads` blocks of `stride` samples reach over all taps of a frame, `blocks` over all frames. */
interface Extent extends ConvSizes {
  readonly batch: number;
  readonly channels: number;
  readonly time: number;
  readonly taps: number;
  readonly frames: number;
  readonly reads: number;
  readonly blocks: number;
}

function extentOf(x: readonly number[], taps: number, sizes: ConvSizes): Extent {
  const [batch, channels, time] = x as [number, number, number];
  const { stride, padding } = sizes;
  const frames = Math.floor((time + 2 * padding - taps) / stride) + 1;
  const reads = Math.ceil(taps / stride);
  return { ...sizes, batch, channels, time, taps, frames, reads, blocks: frames + reads - 1 };
}

/** Channels and taps that read `j` brings: the last one may be shorter. */
const partWidth = ({ stride, taps, channels }: Extent, j: number): number =>
  Math.min(stride, taps - j * stride) * channels;

/** x [batch, channels, time] to columns [batch, frames, taps * channels]. */
function columnsOf(x: tf.Tensor, extent: Extent): tf.Tensor {
  const { batch, channels, time, padding, stride, frames, reads, blocks } = extent;
  const last = x.transpose([0, 2, 1]); // (batch, time, channels)
  const needed = blocks * stride;
  const behind = Math.max(0, needed - padding - time);
  const padded = padTime(last, padding, behind);
  const rows = padded.slice([0, 0, 0], [batch, needed, channels]).reshape([batch, blocks, stride * channels]);
  const parts = Array.from({ length: reads }, (_, j) =>
    rows.slice([0, j, 0], [batch, frames, partWidth(extent, j)]),
  );
  return tf.concat(parts, 2);
}

/** The way back: each sample gets the sum of the columns it stands in. [batch, channels, time]. */
function fromColumns(columns: tf.Tensor, extent: Extent): tf.Tensor {
  const { batch, channels, time, padding, stride, frames, reads, blocks } = extent;
  const parts = Array.from({ length: reads }, (_, j) => {
    const width = partWidth(extent, j);
    const part = columns.slice([0, 0, j * stride * channels], [batch, frames, width]);
    return part.pad([
      [0, 0],
      [j, reads - 1 - j],
      [0, stride * channels - width],
    ]);
  });
  const samples = tf.addN(parts).reshape([batch, blocks * stride, channels]);
  const whole = padTime(samples, 0, Math.max(0, padding + time - blocks * stride));
  return whole.slice([0, padding, 0], [batch, time, channels]).transpose([0, 2, 1]);
}

/** Zeros before and behind axis 1 of three. */
const padTime = (x: tf.Tensor, before: number, behind: number): tf.Tensor =>
  x.pad([
    [0, 0],
    [before, behind],
    [0, 0],
  ]);

/** [batch, frames, taps * channels] to a matrix a group, [groups, batch * frames, taps * channels / groups]. */
function byGroup(columns: tf.Tensor, { batch, frames, taps, channels, groups }: Extent): tf.Tensor {
  if (groups === 1) return columns.reshape([1, batch * frames, taps * channels]);
  const apart = columns.reshape([batch * frames, taps, groups, channels / groups]);
  return apart.transpose([2, 0, 1, 3]).reshape([groups, batch * frames, (taps * channels) / groups]);
}

/** Filters [out, in / groups, taps] as [groups, out / groups, taps * in / groups]. */
function filterRows(weight: tf.Tensor, groups: number): tf.Tensor {
  const [out, width, taps] = weight.shape as [number, number, number];
  return weight.transpose([0, 2, 1]).reshape([groups, out / groups, taps * width]);
}

/** [batch, out, frames] as [groups, batch * frames, out / groups]. */
function outputRows(y: tf.Tensor, groups: number): tf.Tensor {
  const [batch, out, frames] = y.shape as [number, number, number];
  const last = y.transpose([0, 2, 1]);
  if (groups === 1) return last.reshape([1, batch * frames, out]);
  return last.reshape([batch * frames, groups, out / groups]).transpose([1, 0, 2]);
}

/** x [batch, in, time], weight [out, in / groups, taps] to [batch, out, frames]. */
export function convByColumns(x: tf.Tensor, weight: tf.Tensor, sizes: ConvSizes): tf.Tensor {
  const extent = extentOf(x.shape, weight.shape[2] as number, sizes);
  const { batch, frames, groups } = extent;
  const rows = tf.matMul(byGroup(columnsOf(x, extent), extent), filterRows(weight, groups), false, true);
  const out = weight.shape[0] as number;
  return rows.transpose([1, 0, 2]).reshape([batch, frames, out]).transpose([0, 2, 1]);
}

/** The gradient in x from that in the output, dy [batch, out, frames]. */
export function inputGradientByColumns(
  dy: tf.Tensor,
  x: readonly number[],
  weight: tf.Tensor,
  sizes: ConvSizes,
): tf.Tensor {
  const extent = extentOf(x, weight.shape[2] as number, sizes);
  const { batch, frames, taps, channels, groups } = extent;
  const rows = tf.matMul(outputRows(dy, groups), filterRows(weight, groups)); // (groups, batch frames, taps channels / groups)
  const columns =
    groups === 1
      ? rows
      : rows.reshape([groups, batch * frames, taps, channels / groups]).transpose([1, 2, 0, 3]);
  return fromColumns(columns.reshape([batch, frames, taps * channels]), extent);
}

/** The gradient in the weight, [out, in / groups, taps]. */
export function filterGradientByColumns(
  dy: tf.Tensor,
  x: tf.Tensor,
  weight: readonly number[],
  sizes: ConvSizes,
): tf.Tensor {
  const [out, width, taps] = weight as [number, number, number];
  const extent = extentOf(x.shape, taps, sizes);
  const columns = byGroup(columnsOf(x, extent), extent);
  const rows = tf.matMul(outputRows(dy, sizes.groups), columns, true, false); // (groups, out / groups, taps width)
  return rows.reshape([out, taps, width]).transpose([0, 2, 1]);
}

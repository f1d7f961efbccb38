/** @file One-dimensional convolution, strided and grouped, in torch's layout. */
import * as tf from '@tensorflow/tfjs';
import type { Attribute } from '../engine/graph.js';
import { defineLowering, need, reshape, sliceAxis, transpose } from '../engine/kernels/index.js';
import { lowered } from '../engine/lowered.js';
import type { Parameters } from '../engine/tree.js';
import { withGradient } from './custom.js';
import { parameter } from './linear.js';

export interface ConvSettings {
  readonly stride?: number;
  /** Zeros added on either side; 'same' keeps the length (odd kernels, stride 1). Default 0. */
  readonly padding?: number | 'same';
  readonly groups?: number;
}

interface Sizes {
  readonly stride: number;
  readonly padding: number;
  readonly groups: number;
}

defineLowering('Conv1d', (graph, inputs, attributes) => {
  const { stride, padding, groups } = attributes as unknown as Sizes;
  const [x, weight] = [need(inputs, 'x'), need(inputs, 'weight')];
  const [batch, , time] = x.shape as [number, number, number];
  const [out, , taps] = weight.shape as [number, number, number];
  const frames = Math.floor((time + 2 * padding - taps) / stride) + 1;
  return graph.emit('Conv', [x, weight], [batch, out, frames], 'float32', {
    attributes: convAttributes(taps, stride, padding, groups),
  });
});

/** The input gradient of a strided convolution; that of a dense one is a convolution again, which runs faster. */
defineLowering('Conv1dInputGradient', (graph, inputs, attributes) => {
  const { stride, padding, groups } = attributes as unknown as Sizes;
  const time = Number(attributes.time);
  const [dy, weight] = [need(inputs, 'dy'), need(inputs, 'weight')];
  const [batch, , frames] = dy.shape as [number, number, number];
  const [out, width, taps] = weight.shape as [number, number, number];
  const result = [batch, width * groups, time];
  if (stride === 1 && padding < taps) {
    const grouped = reshape(graph, weight, [groups, out / groups, width, taps]);
    const swapped = reshape(graph, transpose(graph, grouped, [0, 2, 1, 3]), [
      groups * width,
      out / groups,
      taps,
    ]);
    const backwards = graph.int64s(Array.from({ length: taps }, (_, k) => taps - 1 - k));
    const flipped = graph.emit('Gather', [swapped, backwards], swapped.shape, 'float32', {
      attributes: { axis: { int: 2 } },
    });
    return graph.emit('Conv', [dy, flipped], result, 'float32', {
      attributes: convAttributes(taps, 1, taps - 1 - padding, groups),
    });
  }
  const reached = (frames - 1) * stride + taps - 2 * padding;
  return graph.emit('ConvTranspose', [dy, weight], result, 'float32', {
    attributes: {
      ...convAttributes(taps, stride, padding, groups),
      output_padding: { ints: [time - reached] },
    },
  });
});

/** ONNX has no filter gradient: it is a convolution whose batch and channels, input and filter change places. */
defineLowering('Conv1dFilterGradient', (graph, inputs, attributes) => {
  const { stride, padding, groups } = attributes as unknown as Sizes;
  const taps = Number(attributes.taps);
  const [dy, x] = [need(inputs, 'dy'), need(inputs, 'x')];
  const [batch, out, frames] = dy.shape as [number, number, number];
  const [, channels, time] = x.shape as [number, number, number];
  const width = channels / groups;
  const apart = reshape(graph, x, [batch, groups, width, time]);
  const input = reshape(graph, transpose(graph, apart, [2, 1, 0, 3]), [width, groups * batch, time]);
  const filter = transpose(graph, dy, [1, 0, 2]); // (out, batch, frames)
  const positions = time + 2 * padding - stride * (frames - 1);
  const all = graph.emit('Conv', [input, filter], [width, out, positions], 'float32', {
    attributes: { ...convAttributes(frames, 1, padding, groups), dilations: { ints: [stride] } },
  });
  return transpose(graph, sliceAxis(graph, all, 2, 0, taps), [1, 0, 2]);
});

function convAttributes(
  taps: number,
  stride: number,
  padding: number,
  groups: number,
): Record<string, Attribute> {
  return {
    kernel_shape: { ints: [taps] },
    strides: { ints: [stride] },
    pads: { ints: [padding, padding] },
    group: { int: groups },
  };
}

/**
 * As torch.nn.Conv1d.
 * @param x [batch, in, time]
 * @param parameters `name.weight` [out, in / groups, taps] and, if there, `name.bias` [out]
 * @returns [batch, out, frames]
 */
export function conv1d(
  parameters: Parameters,
  name: string,
  x: tf.Tensor,
  settings: ConvSettings = {},
): tf.Tensor {
  const weight = parameter(parameters, `${name}.weight`);
  const taps = weight.shape[2] as number;
  const { stride = 1, groups = 1 } = settings;
  const padding = settings.padding === 'same' ? Math.floor(taps / 2) : (settings.padding ?? 0);
  const y = convolve(x, weight, { stride, padding, groups });
  const bias = parameters[`${name}.bias`];
  return bias === undefined ? y : y.add(bias.reshape([-1, 1]));
}

/** The convolution itself, with its gradients: ONNX has none for filters, so they are matrix products over taps. */
function convolve(x: tf.Tensor, weight: tf.Tensor, sizes: Sizes): tf.Tensor {
  return withGradient(
    [x, weight],
    () => {
      const [value] = lowered('Conv1d', { x, weight }, { ...sizes }, () => [
        product(weight, unfold(x, weight, sizes), sizes),
      ]);
      return { value: value as tf.Tensor, saved: [x, weight] };
    },
    (dy, saved) => {
      const [input, filter] = saved as [tf.Tensor, tf.Tensor];
      return [inputGradient(dy, input, filter, sizes), filterGradient(dy, input, filter, sizes)];
    },
  );
}

/** For each tap, the samples under it: [batch, groups, in / groups * taps, frames]. */
function unfold(x: tf.Tensor, weight: tf.Tensor, { stride, padding, groups }: Sizes): tf.Tensor {
  const [batch, channels, time] = x.shape as [number, number, number];
  const taps = weight.shape[2] as number;
  const frames = Math.floor((time + 2 * padding - taps) / stride) + 1;
  // Enough zeros behind that every tap can be read as `frames` blocks of `stride` samples.
  const behind = Math.max(padding, (frames - 1) * stride + taps + stride - time - padding);
  const padded = x.pad([
    [0, 0],
    [0, 0],
    [padding, behind],
  ]);
  const rows = Array.from({ length: taps }, (_, k) => {
    const under = padded.slice([0, 0, k], [batch, channels, frames * stride]);
    if (stride === 1) return under;
    return under
      .reshape([batch, channels, frames, stride])
      .slice([0, 0, 0, 0], [batch, channels, frames, 1])
      .squeeze([3]);
  });
  const stacked = tf.stack(rows, 2); // (batch, channels, taps, frames)
  return stacked.reshape([batch, groups, (channels / groups) * taps, frames]);
}

/** Filters times unfolded input: [batch, out, frames]. */
function product(weight: tf.Tensor, unfolded: tf.Tensor, { groups }: Sizes): tf.Tensor {
  const [out, width, taps] = weight.shape as [number, number, number];
  const [batch, , , frames] = unfolded.shape as [number, number, number, number];
  const filters = weight.reshape([1, groups, out / groups, width * taps]).tile([batch, 1, 1, 1]);
  return tf.matMul(filters, unfolded).reshape([batch, out, frames]);
}

function inputGradient(dy: tf.Tensor, x: tf.Tensor, weight: tf.Tensor, sizes: Sizes): tf.Tensor {
  const time = x.shape[2] as number;
  const [value] = lowered('Conv1dInputGradient', { dy, weight }, { ...sizes, time }, () => {
    const { stride, padding, groups } = sizes;
    const [batch, out, frames] = dy.shape as [number, number, number];
    const [, width, taps] = weight.shape as [number, number, number];
    const filters = weight.reshape([1, groups, out / groups, width * taps]).tile([batch, 1, 1, 1]);
    const grouped = dy.reshape([batch, groups, out / groups, frames]);
    const columns = tf.matMul(filters, grouped, true, false).reshape([batch, groups * width, taps, frames]);
    const length = time + 2 * padding + stride * taps;
    const spread = tf.unstack(columns, 2).map((column, k) => {
      const blocks = column.expandDims(3).pad([
        [0, 0],
        [0, 0],
        [0, 0],
        [0, stride - 1],
      ]);
      return blocks.reshape([batch, groups * width, frames * stride]).pad([
        [0, 0],
        [0, 0],
        [k, length - k - frames * stride],
      ]);
    });
    return [tf.addN(spread).slice([0, 0, padding], [batch, groups * width, time])];
  });
  return value as tf.Tensor;
}

/** For each tap, the products of input and gradient summed over batch and frames: [out, in / groups, taps]. */
function filterGradient(dy: tf.Tensor, x: tf.Tensor, weight: tf.Tensor, sizes: Sizes): tf.Tensor {
  const [value] = lowered(
    'Conv1dFilterGradient',
    { dy, x },
    { ...sizes, taps: weight.shape[2] as number },
    () => {
      const [batch, out, frames] = dy.shape as [number, number, number];
      const { groups } = sizes;
      const columns = unfold(x, weight, sizes); // (batch, groups, width * taps, frames)
      const grouped = dy.reshape([batch, groups, out / groups, frames]);
      return [tf.matMul(grouped, columns, false, true).sum(0).reshape(weight.shape)];
    },
  );
  return value as tf.Tensor;
}

/** @file One-dimensional convolution, strided and grouped, in torch's layout. */

import {
  type ConvolutionSizes,
  convolution,
  defineLowering,
  need,
  reshape,
  sliceAxis,
  transpose,
} from '../engine/kernels/index.js';
import { lowered } from '../engine/lowered.js';
import type * as tf from '../engine/ops.js';
import type { Parameters } from '../engine/tree.js';
import { convByBlocks, filterGradientByBlocks, inputGradientByBlocks } from './conv-blocks.js';
import { withGradient } from './custom.js';
import { parameter } from './linear.js';

export interface ConvSettings {
  readonly stride?: number;
  /** Zeros added on either side; 'same' keeps the length (odd kernels, stride 1). Default 0. */
  readonly padding?: number | 'same';
  readonly groups?: number;
}

defineLowering('Conv1d', (graph, inputs, attributes) =>
  convolution(graph, need(inputs, 'x'), need(inputs, 'weight'), attributes as unknown as ConvolutionSizes),
);

/** The input gradient of a convolution of stride 1 is a convolution again. */
defineLowering('Conv1dInputGradient', (graph, inputs, attributes) => {
  const { padding, groups } = attributes as unknown as ConvolutionSizes;
  const [dy, weight] = [need(inputs, 'dy'), need(inputs, 'weight')];
  const [out, width, taps] = weight.shape as [number, number, number];
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
  return convolution(graph, dy, flipped, { stride: 1, padding: taps - 1 - padding, groups });
});

/**
 * That in the filters, at stride 1, is a convolution whose batch and channels, input and filter change places: of two axes, channels of
 * a group and time, on the processor, where few positions alone make its products small.
 */
defineLowering('Conv1dFilterGradient', (graph, inputs, attributes) => {
  const { padding, groups } = attributes as unknown as ConvolutionSizes;
  const taps = Number(attributes.taps);
  const [dy, x] = [need(inputs, 'dy'), need(inputs, 'x')];
  const [batch, out, frames] = dy.shape as [number, number, number];
  const [, channels, time] = x.shape as [number, number, number];
  const width = channels / groups;
  const apart = reshape(graph, x, [batch, groups, width, time]);
  const filter = transpose(graph, dy, [1, 0, 2]); // (out, batch, frames)
  if (graph.provider === 'cpu') {
    const input = reshape(graph, transpose(graph, apart, [1, 0, 2, 3]), [1, groups * batch, width, time]);
    const positions = time + 2 * padding - frames + 1;
    const all = graph.emit(
      'Conv',
      [input, reshape(graph, filter, [out, batch, 1, frames])],
      [1, out, width, positions],
      'float32',
      {
        attributes: {
          kernel_shape: { ints: [1, frames] },
          pads: { ints: [0, padding, 0, padding] },
          group: { int: groups },
        },
      },
    );
    return sliceAxis(graph, reshape(graph, all, [out, width, positions]), 2, 0, taps);
  }
  const input = reshape(graph, transpose(graph, apart, [2, 1, 0, 3]), [width, groups * batch, time]);
  const all = convolution(graph, input, filter, { stride: 1, padding, groups }); // (width, out, positions)
  return transpose(graph, sliceAxis(graph, all, 2, 0, taps), [1, 0, 2]);
});

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

/** The convolution itself, with its gradients: ONNX has no operator for that of the filters. */
function convolve(x: tf.Tensor, weight: tf.Tensor, sizes: ConvolutionSizes): tf.Tensor {
  return withGradient(
    [x, weight],
    () => {
      const [value] = lowered('Conv1d', { x, weight }, { ...sizes }, () => [convByBlocks(x, weight, sizes)]);
      return { value: value as tf.Tensor, saved: [x, weight] };
    },
    (dy, saved) => {
      const [input, filter] = saved as [tf.Tensor, tf.Tensor];
      return [inputGradient(dy, input, filter, sizes), filterGradient(dy, input, filter, sizes)];
    },
  );
}

/** Strided gradients are products: measured at 512 channels, a third less time than the runtime's ConvTranspose and convolution. */
function inputGradient(dy: tf.Tensor, x: tf.Tensor, weight: tf.Tensor, sizes: ConvolutionSizes): tf.Tensor {
  const byBlocks = (): tf.Tensor => inputGradientByBlocks(dy, x.shape, weight, sizes);
  if (sizes.stride > 1 || sizes.padding >= (weight.shape[2] as number)) return byBlocks();
  return lowered('Conv1dInputGradient', { dy, weight }, { ...sizes }, () => [byBlocks()])[0] as tf.Tensor;
}

function filterGradient(dy: tf.Tensor, x: tf.Tensor, weight: tf.Tensor, sizes: ConvolutionSizes): tf.Tensor {
  const byBlocks = (): tf.Tensor => filterGradientByBlocks(dy, x, weight.shape, sizes);
  if (sizes.stride > 1) return byBlocks();
  const attributes = { ...sizes, taps: weight.shape[2] as number };
  return lowered('Conv1dFilterGradient', { dy, x }, attributes, () => [byBlocks()])[0] as tf.Tensor;
}

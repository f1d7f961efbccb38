/** @file One-dimensional convolution as nodes, in the form that a provider computes right. */
import type { GraphBuilder, Value } from '../graph.js';
import { concat, sliceAxis } from './shape.js';

export interface ConvolutionSizes {
  readonly stride: number;
  readonly padding: number;
  readonly groups: number;
}

/**
 * As torch.nn.functional.conv1d: x [batch, in, time], weight [out, in / groups, taps] to [batch, out, frames].
 *
 * WebGPU gives wrong values for groups of some sizes (ONNX Runtime 1.30: 144 channels in 16 groups, 19 taps): there each group is
 * a convolution of its own.
 */
export function convolution(graph: GraphBuilder, x: Value, weight: Value, sizes: ConvolutionSizes): Value {
  const { stride, padding, groups } = sizes;
  const [batch, , time] = x.shape as [number, number, number];
  const [out, width, taps] = weight.shape as [number, number, number];
  if (groups > 1 && graph.provider === 'webgpu') {
    const each = out / groups;
    const parts = Array.from({ length: groups }, (_, group) =>
      convolution(
        graph,
        sliceAxis(graph, x, 1, group * width, width),
        sliceAxis(graph, weight, 0, group * each, each),
        { ...sizes, groups: 1 },
      ),
    );
    return concat(graph, parts, 1);
  }
  const frames = Math.floor((time + 2 * padding - taps) / stride) + 1;
  return graph.emit('Conv', [x, weight], [batch, out, frames], 'float32', {
    attributes: {
      kernel_shape: { ints: [taps] },
      strides: { ints: [stride] },
      pads: { ints: [padding, padding] },
      group: { int: groups },
    },
  });
}

/** @file A two-layer encoder for tests: frames of 8 samples through a fixed convolution and a linear map. */

import { float32, type HostTensor } from '../base/host-tensor.js';
import { randomStream } from '../base/random.js';
import type { Encoder } from '../encoders/encoder.js';
import * as tf from '../engine/ops.js';
import { conv1d } from '../nn/conv1d.js';
import { linear } from '../nn/linear.js';

export const toyHop = 8;

/** An encoder whose weights depend on the seed; `dims` [width, width]. */
export function toyEncoder(seed: number, width = 6): Encoder {
  const random = randomStream(seed, 'toy encoder');
  const draw = (...shape: number[]): HostTensor =>
    float32(
      shape,
      Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random.normal()),
    );
  return {
    name: `toy-${seed}`,
    spec: `toy:${seed}`,
    hash: `toy hash ${seed} ${width}`,
    family: 'toy',
    config: {},
    parameters: {
      'conv.weight': draw(width, 1, toyHop),
      'block.weight': draw(width, width),
      'block.bias': draw(width),
    },
    dims: [width, width],
    normalizesWaveform: true,
    minimumSamples: toyHop,
    hopSamples: toyHop,
    forward(parameters, { waveform }) {
      const frames = conv1d(parameters, 'conv', tf.expandDims(waveform, 1) as tf.Tensor3D, {
        stride: toyHop,
      });
      const first = tf.tanh(tf.transpose(frames, [0, 2, 1])); // [1, frames, width]
      return [first, tf.tanh(linear(parameters, 'block', first))];
    },
  };
}

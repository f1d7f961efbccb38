/** @file What `bench/extract` measures: the paper's encoder on one utterance, and what that costs in multiplications. */

import { float32 } from '../src/base/host-tensor.js';
import { randomStream } from '../src/base/random.js';
import { frameCount } from '../src/encoders/families/ehmam.js';
import type { EhmamConfig } from '../src/encoders/families/ehmam-config.js';
import type { Engine } from '../src/engine/engine.js';
import * as tf from '../src/engine/ops.js';

/** The configuration as the official trainer writes it: what the PyTorch model reads. */
export function officialCfg({
  frontend,
  width,
  heads,
  prenetBlocks,
  blocks,
  position,
  normEpsilon,
}: EhmamConfig) {
  if (frontend.type !== 'conv') throw new Error('the benchmark is of encoders with convolutions');
  const tuples = frontend.layers.map((layer) => `(${layer.join(', ')})`);
  return {
    embed_dim: width,
    num_heads: heads,
    depth: blocks,
    norm_eps: normEpsilon,
    modalities: {
      audio: {
        prenet_depth: prenetBlocks,
        conv_pos_depth: position.layers,
        conv_pos_groups: position.groups,
        feature_encoder_spec: `[${tuples.join(', ')}]`,
      },
    },
  };
}

/** Multiply-adds of products and convolutions, counted twice. */
export function encoderFlops(config: EhmamConfig, samples: number): number {
  const { frontend, width, mlpRatio, prenetBlocks, blocks, position } = config;
  if (frontend.type !== 'conv') throw new Error('the benchmark is of encoders with convolutions');
  let [length, channels, flops] = [samples, 1, 0];
  for (const [out, taps, stride] of frontend.layers) {
    length = Math.floor((length - taps) / stride) + 1;
    flops += 2 * length * out * channels * taps;
    channels = out;
  }
  const frames = frameCount(config, samples);
  const projections = 4 * width ** 2 + 2 * mlpRatio * width ** 2;
  flops += 2 * frames * channels * width;
  flops += 2 * frames * position.layers * ((width * width) / position.groups) * position.kernel;
  flops += (prenetBlocks + blocks) * (2 * frames * projections + 2 * 2 * frames ** 2 * width);
  return flops;
}

/** A large matrix product: what the machine gives at best. */
const side = 1536;

/** Runs one product; gives the rate in multiply-adds, counted twice, a second. */
export function matrixProduct(engine: Engine) {
  const random = randomStream(1, 'matrix');
  const draw = () =>
    float32(
      [side, side],
      Float32Array.from({ length: side * side }, () => random.uniform() - 0.5),
    );
  const inputs = { a: draw(), b: draw() };
  const program = engine.compile(
    ({ a, b }: { a: tf.Tensor; b: tf.Tensor }) => ({ c: tf.matMul(a as tf.Tensor2D, b as tf.Tensor2D) }),
    { name: 'matrix product', keeps: ['c'] },
  );
  const rate = async (): Promise<number> => {
    const started = performance.now();
    const { c } = await program.run(inputs);
    const seconds = (performance.now() - started) / 1000;
    // What is released takes the next product.
    await c.release();
    return (2 * side ** 3) / seconds;
  };
  return Object.assign(rate, { dispose: () => program.dispose() });
}

/** @file The transformer block, norms before or after. */
import type * as tf from '../engine/ops.js';
import type { Parameters } from '../engine/tree.js';
import { type AttentionSettings, attention } from './attention.js';
import { dropout } from './dropout.js';
import { gelu } from './gelu.js';
import { linear } from './linear.js';
import { layerNorm } from './norm.js';

export interface BlockSettings extends AttentionSettings {
  /** Norms before attention and MLP instead of after their residuals. */
  readonly normFirst: boolean;
  readonly normEpsilon: number;
  readonly activationDropout?: number;
  readonly afterMlpDropout?: number;
}

export interface BlockOutput {
  /** [batch, time, width] */
  readonly x: tf.Tensor;
  /** The MLP's output before the residual, data2vec 2.0's target: [batch, time, width]. */
  readonly mlp: tf.Tensor;
}

/**
 * One block, as AltBlock of data2vec 2.0 (examples/data2vec/models/modalities/modules.py).
 * @param parameters `name.attn.*`, `name.norm1`, `name.mlp.fc1`, `name.mlp.fc2`, `name.norm2`
 */
export function transformerBlock(
  parameters: Parameters,
  name: string,
  x: tf.Tensor,
  bias: tf.Tensor | undefined,
  settings: BlockSettings,
): BlockOutput {
  const { normFirst, normEpsilon, activationDropout = 0, afterMlpDropout = 0, dropoutKey } = settings;
  const norm = (which: string, z: tf.Tensor): tf.Tensor =>
    layerNorm(parameters, `${name}.${which}`, z, normEpsilon);
  const feedForward = (z: tf.Tensor): tf.Tensor => {
    const hidden = dropout(
      gelu(linear(parameters, `${name}.mlp.fc1`, z)),
      activationDropout,
      dropoutKey,
      `${name}.mlp.drop1`,
    );
    return dropout(
      linear(parameters, `${name}.mlp.fc2`, hidden),
      activationDropout,
      dropoutKey,
      `${name}.mlp.drop2`,
    );
  };
  const afterMlp = (z: tf.Tensor): tf.Tensor => dropout(z, afterMlpDropout, dropoutKey, `${name}.post_mlp`);
  if (normFirst) {
    const attended = x.add(attention(parameters, `${name}.attn`, norm('norm1', x), bias, settings));
    const mlp = feedForward(norm('norm2', attended));
    return { x: attended.add(afterMlp(mlp)), mlp };
  }
  const attended = norm('norm1', x.add(attention(parameters, `${name}.attn`, x, bias, settings)));
  const mlp = feedForward(attended);
  return { x: norm('norm2', attended.add(afterMlp(mlp))), mlp };
}

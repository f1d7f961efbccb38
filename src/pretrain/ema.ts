/** @file The teacher's update: an exponential moving average of the student's parameters. */
import { fused } from '../engine/fused/operations.js';
import * as tf from '../engine/ops.js';
import type { Parameters } from '../engine/tree.js';

/**
 * decay * teacher + (1 - decay) * student for every parameter of the teacher (fairseq's EMAModule, in float32).
 * @param student may have more parameters
 * @param decay a scalar
 */
export function averaged(teacher: Parameters, student: Parameters, decay: tf.Tensor): Parameters {
  const rest = tf.scalar(1).sub(decay);
  const moved = Object.entries(teacher).map(([name, value]) => {
    const now = student[name];
    if (now === undefined) throw new Error(`the teacher has ${name} and the student has not`);
    const [next] = fused('average', [value, now, decay], [], () => [value.mul(decay).add(now.mul(rest))]);
    return [name, next as tf.Tensor] as const;
  });
  return Object.fromEntries(moved);
}

/** @file A pooled head on means is, to 1e-5, the head that reads every frame: for KS, SID and IC, on every engine. */

import { describe, expect, test } from 'vitest';
import { ic } from '../../../tasks/ic/index.js';
import { ks } from '../../../tasks/ks/index.js';
import { sid } from '../../../tasks/sid/index.js';
import type { PooledSpec } from '../../api/head-spec.js';
import type { Task } from '../../api/task.js';
import { float32, floatsOf, int32 } from '../../base/host-tensor.js';
import type { Utterance } from '../../data/rows.js';
import { expectNear, normals, runOn } from '../../engine/engines.fixture.js';
import * as tf from '../../engine/ops.js';
import type { Parameters } from '../../engine/tree.js';
import { lossAndGradients } from '../../nn/gradients.js';
import { linear, parameter } from '../../nn/linear.js';
import { pooledForward, pooledLogits, pooledStart, type Slots } from './model.js';
import { runLosses } from './runs.js';

const [layers, batch, frames, dim] = [4, 5, 11, 6];
const lengths = [11, 3, 1, 7, 10];

/** The reference order: layer sum of every frame, projection of every frame, mean over an utterance's own frames. */
function logitsFrameByFrame(parameters: Parameters, states: tf.Tensor, count: number): tf.Tensor2D[] {
  const weights = tf.reshape(tf.softmax(parameter(parameters, 'layerWeights')), [layers, 1, 1, 1]);
  const summed = tf.sum(tf.mul(weights, states), 0); // [batch, frames, dim]
  const projected = linear(parameters, 'projector', summed); // [batch, frames, 256]
  const means = lengths.map((length, i) => tf.mean(tf.slice(projected, [i, 0, 0], [1, length, -1]), 1));
  const pooled = tf.concat(means, 0);
  return Array.from(
    { length: count },
    (_, i) => linear(parameters, `classifier.${i}`, pooled) as tf.Tensor2D,
  );
}

/** The sum over slots of torch's cross_entropy, utterance by utterance. */
function lossFrameByFrame(
  logits: readonly tf.Tensor2D[],
  targets: readonly (readonly number[])[],
): tf.Scalar {
  const losses = targets.flatMap((target, row) =>
    target.map((label, slot) => {
      const scores = tf.slice(logits[slot] as tf.Tensor2D, [row, 0], [1, -1]);
      return tf.sub(tf.logSumExp(scores), tf.sum(tf.slice(scores, [0, label], [1, 1])));
    }),
  );
  return tf.div(tf.addN(losses), targets.length);
}

const meansOf = (states: tf.Tensor): tf.Tensor =>
  tf.concat(
    lengths.map((length, i) => tf.mean(tf.slice(states, [0, i, 0, 0], [-1, 1, length, -1]), 2)),
    1,
  );

/** The loss that training minimises, of one run. */
const classificationLoss = (logits: readonly tf.Tensor2D[], targets: tf.Tensor): tf.Scalar =>
  tf.sum(
    runLosses(
      logits.map((scores) => tf.expandDims(scores, 0)),
      tf.expandDims(targets, 0),
    ),
  );

type Framed = { readonly parameters: Parameters; readonly states: tf.Tensor; readonly targets: tf.Tensor };
type Learned = { readonly logits: Parameters; readonly gradients: Parameters };
interface Computation {
  readonly logitsOf: (parameters: Parameters, states: tf.Tensor) => tf.Tensor2D[];
  readonly lossOf: (logits: readonly tf.Tensor2D[], targets: tf.Tensor) => tf.Scalar;
}

/** Logits of every slot and gradients of every parameter, by either order of sum, projection and mean. */
function learnedBy({ logitsOf, lossOf }: Computation) {
  return ({ parameters, states, targets }: Framed): Learned => {
    const { gradients } = lossAndGradients(parameters, (values) => ({
      loss: lossOf(logitsOf(values, states), targets),
      auxiliary: {},
    }));
    const logits = logitsOf(parameters, states).map((values, slot) => [`slot ${slot}`, values]);
    return { logits: Object.fromEntries(logits), gradients };
  };
}

/** The slots that a task makes of a corpus with so many values in each of its columns. */
function slotsOf({ columns, head }: Task<PooledSpec>, counts: readonly number[]): Slots {
  const train = Array.from({ length: Math.max(...counts) }, (_, i) => ({
    columns: Object.fromEntries(columns.map((column, slot) => [column, `c${i % (counts[slot] as number)}`])),
  })) as unknown as readonly Utterance[];
  return head({ train, dev: train, test: train }).slots;
}

describe.each([
  ['KS', slotsOf(ks, [12])],
  ['SID', slotsOf(sid, [1251])],
  ['IC', slotsOf(ic, [6, 14, 4])],
] as const)("%s's head on means", (_task, slots) => {
  const sizes = slots.map(({ classes }) => classes.length);
  const rows = Array.from({ length: batch }, (_, row) => sizes.map((size) => (7 * row + 3) % size));

  test.each(['onnx', 'wasm', 'cpu'] as const)(
    'has on %s the logits and gradients of the one frame by frame, from padded states and as training computes it',
    async (engine) => {
      const parameters = {
        ...pooledStart(1, layers, dim, slots, 32),
        layerWeights: float32([layers], [0.3, -0.5, 0.8, 0]),
      };
      const inputs = {
        parameters,
        states: normals([layers, batch, frames, dim], 'hidden states'),
        targets: int32([batch, slots.length], rows.flat()),
      };
      const byFrame = await runOn(
        engine,
        learnedBy({
          logitsOf: (values, states) => logitsFrameByFrame(values, states, slots.length),
          lossOf: (logits) => lossFrameByFrame(logits, rows),
        }),
        inputs,
      );
      const stored = { slots: slots.map(({ column, classes }) => ({ column, classes: [...classes] })) };
      const alone = await runOn(
        engine,
        learnedBy({
          logitsOf: (values, states) =>
            Object.values(
              pooledForward(stored, values, states, tf.tensor1d(lengths, 'int32')),
            ) as tf.Tensor2D[],
          lossOf: classificationLoss,
        }),
        inputs,
      );
      // As training computes them: of runs [run, ...] with the means of seeds [seed, ...].
      const asRun = await runOn(
        engine,
        learnedBy({
          logitsOf: (values, states) => {
            const stacked = Object.entries(values).map(([name, value]) => [name, tf.expandDims(value, 0)]);
            const means = tf.expandDims(meansOf(states), 0);
            return pooledLogits(Object.fromEntries(stacked), slots.length, means).map(
              (logits) => tf.squeeze(logits, [0]) as tf.Tensor2D,
            );
          },
          lossOf: classificationLoss,
        }),
        inputs,
      );
      expect(Object.keys(byFrame.gradients).sort()).toEqual(Object.keys(parameters).sort());
      for (const [name, gradient] of Object.entries(byFrame.gradients))
        expect(Math.max(...floatsOf(gradient).map(Math.abs)), name).toBeGreaterThan(1e-4);
      for (const pooled of [alone, asRun]) {
        expectNear(pooled.logits, byFrame.logits, 1e-5);
        expectNear(pooled.gradients, byFrame.gradients, 1e-5);
      }
    },
  );
});

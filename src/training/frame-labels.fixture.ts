/** @file A head of one's own, as a plug-in would bring it: labels of frames, by a layer sum and a Linear. */
import { float32, floatsOf, type HostParameters, int32 } from '../base/host-tensor.js';
import { randomStream } from '../base/random.js';
import * as tf from '../engine/ops.js';
import type { Parameters } from '../engine/tree.js';
import { layerSum } from '../nn/layer-sum.js';
import { linear, parameter } from '../nn/linear.js';
import type { BatchLoss } from './gradient-sums.js';
import { type OneByOneSettings, type TrainedSeed, type TrainingWork, trainOneByOne } from './one-by-one.js';

/** Frames of an utterance, [layers, frames, dim], and a label for each. */
export type LabelledFrames = { readonly values: Float32Array; readonly labels: readonly number[] };

export interface FrameLabelsWork extends TrainingWork {
  readonly utterances: { readonly train: readonly LabelledFrames[]; readonly dev: readonly LabelledFrames[] };
}

export type FrameLabelsSettings = OneByOneSettings & { readonly labels: number; readonly batchSize: number };

type Sizes = TrainingWork['features'];
/** [layers, rows, dim], [rows] int32, and [rows] that are 0 where a row only fills the batch. */
type Frames = { readonly states: tf.Tensor; readonly labels: tf.Tensor; readonly weights: tf.Tensor };

const logitsOf = (parameters: Parameters, states: tf.Tensor): tf.Tensor =>
  linear(parameters, 'output', layerSum(parameter(parameters, 'layerWeights'), states));

/** Cross-entropy summed over frames, and their number. */
function frameLoss(parameters: Parameters, { states, labels, weights }: Frames): BatchLoss {
  const logits = logitsOf(parameters, states); // [rows, labels]
  const wanted = tf.oneHot(labels as tf.Tensor1D, logits.shape[1] as number, 1, 0, 'float32');
  const losses = tf.mul(wanted, tf.logSoftmax(logits, -1)).sum(1).neg();
  return { loss: losses.mul(weights).sum(), count: weights.sum() };
}

/** Utterances one after the other, filled up to so many rows. */
function framesOf({ layers, dim }: Sizes, utterances: readonly LabelledFrames[], rows: number) {
  const states = new Float32Array(layers * rows * dim);
  const labels = new Int32Array(rows);
  const weights = new Float32Array(rows);
  let row = 0;
  for (const { values, labels: own } of utterances) {
    const size = own.length * dim;
    for (let layer = 0; layer < layers; layer++)
      states.set(values.subarray(layer * size, (layer + 1) * size), (layer * rows + row) * dim);
    labels.set(own, row);
    weights.fill(1, row, row + own.length);
    row += own.length;
  }
  const batch = { labels: int32([rows], labels), weights: float32([rows], weights) };
  return { states: float32([layers, rows, dim], states), ...batch };
}

function start(seed: number, { layers, dim }: Sizes, labels: number): HostParameters {
  const random = randomStream(seed, 'frame labels');
  const weight = Float32Array.from({ length: labels * dim }, () => 0.1 * random.normal());
  const linear = { 'output.weight': float32([labels, dim], weight), 'output.bias': float32([labels]) };
  return { layerWeights: float32([layers]), ...linear };
}

export async function trainFrameLabels(
  work: FrameLabelsWork,
  settings: FrameLabelsSettings,
  seeds: readonly number[],
): Promise<TrainedSeed[]> {
  const { train, dev } = work.utterances;
  const rows = settings.batchSize * Math.max(...train.map(({ labels }) => labels.length));
  const devFrames = framesOf(work.features, dev, dev.flatMap(({ labels }) => labels).length);
  const scores = work.engine.compile(
    ({ parameters, ...frames }: { parameters: Parameters } & Frames) => {
      const { loss, count } = frameLoss(parameters, frames);
      const right = tf.equal(tf.argMax(logitsOf(parameters, frames.states), -1), frames.labels);
      return { loss: loss.div(count as tf.Tensor), accuracy: tf.cast(right, 'float32').mean() };
    },
    { name: `scores of the ${work.title}` },
  );
  return trainOneByOne<Frames>({
    work,
    kind: 'frame-labels',
    given: { settings },
    seeds,
    settings,
    epochUpdates: Math.ceil(train.length / settings.batchSize),
    start: (seed) => start(seed, work.features, settings.labels),
    inputs: async (update, seed) => {
      const drawn = randomStream(seed, 'frame label batch', update)
        .shuffle(train)
        .slice(0, settings.batchSize);
      return framesOf(work.features, drawn, rows);
    },
    loss: frameLoss,
    look: async (parameters) => {
      const { loss, accuracy } = await scores.run({ parameters, ...devFrames });
      return { devMetric: floatsOf(accuracy)[0] as number, devLoss: floatsOf(loss)[0] as number };
    },
  }).finally(() => scores.dispose());
}

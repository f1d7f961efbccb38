/** @file Trains pooled heads: every learning rate, early stopping, the checkpoint that does best on dev. */
import type * as tf from '@tensorflow/tfjs';
import type { Columns, Split } from '../../tasks/task.js';
import type { Program } from '../engine/engine.js';
import { float32, floatsOf, type HostParameters, type Parameters, scalar } from '../engine/tree.js';
import { adamStart } from '../nn/adam.js';
import { createProgress } from '../progress.js';
import { type Checkpoint, type HeadResult, type HeadWork, isBetter, layerWeightsOf } from './head.js';
import {
  type PooledUpdated,
  type PooledUpdates,
  pooledLogits,
  pooledStart,
  pooledUpdates,
  type Slots,
} from './pooled.js';
import {
  fillMeans,
  type MeansReader,
  meansReader,
  type PooledBatches,
  targetsOf,
  trainingBatches,
} from './pooledBatches.js';
import type { PooledSettings } from './settings.js';

/** Most updates in one program run: bounds the memory of the batches. */
const mostUpdatesPerRun = 64;
/** Rows in one evaluation run. */
const evaluationBatch = 128;

type ScoreInputs = { readonly parameters: Parameters; readonly means: tf.Tensor };
type ScoreOutputs = { readonly [slot: string]: tf.Tensor };

interface Training {
  readonly work: HeadWork;
  readonly slots: Slots;
  readonly settings: PooledSettings;
  readonly update: Program<PooledUpdates, PooledUpdated>;
  readonly score: Program<ScoreInputs, ScoreOutputs>;
  readonly readMeans: MeansReader;
  /** The batches of updates `first`, `first + 1`, ... */
  batches(first: number, updates: number): PooledBatches;
}

/** Trains one head a learning rate and tests the best; the same work gives the same result. */
export async function trainPooledHead(
  work: HeadWork,
  slots: Slots,
  settings: PooledSettings,
): Promise<HeadResult> {
  const update = work.engine.compile<PooledUpdates, PooledUpdated>(
    (inputs) => pooledUpdates(inputs, slots.length, settings.gradientClip),
    { name: `updates of the ${work.title}` },
  );
  const score = work.engine.compile<ScoreInputs, ScoreOutputs>(
    ({ parameters, means }) =>
      Object.fromEntries(
        pooledLogits(parameters, slots.length, means).map((logits, i) => [`slot ${i}`, logits]),
      ),
    { name: `logits of the ${work.title}` },
  );
  const readMeans = meansReader(work.features);
  const batches = trainingBatches(work, slots, settings.batchSize, readMeans);
  const training: Training = { work, slots, settings, update, score, readMeans, batches };
  const rates = settings.learningRates;
  const progress = createProgress(work.title, rates.length * settings.maximumUpdates, { quiet: work.quiet });
  try {
    const tried: { learningRate: number; checkpoint: Checkpoint }[] = [];
    for (const [i, learningRate] of rates.entries()) {
      const report = (updates: number, best: Checkpoint): void =>
        progress.update(
          i * settings.maximumUpdates + updates,
          `rate ${learningRate}, dev ${best.devMetric.toFixed(3)}`,
        );
      tried.push({ learningRate, checkpoint: await trainAtRate(training, learningRate, report) });
    }
    const best = tried.reduce((a, b) =>
      isBetter(b.checkpoint, a.checkpoint, work.metric.direction) ? b : a,
    );
    const { predictions } = await predict(training, best.checkpoint.parameters, 'test');
    return {
      tried: tried.map(({ learningRate, checkpoint }) => ({ learningRate, devMetric: checkpoint.devMetric })),
      chosen: best.learningRate,
      layerWeights: layerWeightsOf(best.checkpoint.parameters),
      head: {
        settings: {
          kind: 'pooled-linear',
          slots: slots.map(({ column, classes }) => ({ column, classes: [...classes] })),
        },
        parameters: best.checkpoint.parameters,
      },
      predictions,
    };
  } finally {
    progress.stop();
    await update.dispose();
    await score.dispose();
  }
}

/** An epoch, as whole program runs; dev is looked at after each. */
async function trainAtRate(
  training: Training,
  learningRate: number,
  report: (updates: number, best: Checkpoint) => void,
): Promise<Checkpoint> {
  const { work, settings } = training;
  const epochUpdates = Math.ceil(work.places.train.length / settings.batchSize);
  const runsPerEpoch = Math.ceil(epochUpdates / mostUpdatesPerRun);
  const updatesPerRun = Math.ceil(epochUpdates / runsPerEpoch);
  const { layers, dim } = work.features;
  let parameters = pooledStart(work.seed, layers, dim, training.slots, settings.projectionSize);
  let moments = adamStart(parameters);
  let best: Checkpoint | undefined;
  let stale = 0;
  for (let update = 0; update < settings.maximumUpdates && stale < settings.patience; ) {
    for (let run = 0; run < runsPerEpoch; run++) {
      const outputs = await training.update.run({
        parameters,
        moments,
        step: scalar(update),
        learningRate: scalar(learningRate),
        ...training.batches(update, updatesPerRun),
      });
      parameters = outputs.parameters;
      moments = outputs.moments;
      update += updatesPerRun;
    }
    const { predictions, loss } = await predict(training, parameters, 'dev');
    const devMetric = work.score(predictions, work.references.dev);
    const checkpoint = { parameters, devMetric, devLoss: loss, update };
    const better = isBetter(checkpoint, best, work.metric.direction);
    if (better) best = checkpoint;
    stale = better ? 0 : stale + 1;
    report(update, best ?? checkpoint);
  }
  if (best === undefined) throw new Error('a head needs at least one update');
  return best;
}

/** Predictions for a split, and the mean loss. */
async function predict(
  training: Training,
  parameters: HostParameters,
  split: Split,
): Promise<{ predictions: Columns[]; loss: number }> {
  const { work, slots, score } = training;
  const { layers, dim } = work.features;
  const places = work.places[split];
  const targets = targetsOf(work, slots, split);
  const predictions: Columns[] = [];
  let loss = 0;
  for (let start = 0; start < places.length; start += evaluationBatch) {
    const part = places.slice(start, start + evaluationBatch);
    const means = new Float32Array(layers * evaluationBatch * dim);
    fillMeans(training.readMeans, [layers, dim], part, means, evaluationBatch);
    const outputs = await score.run({ parameters, means: float32([layers, evaluationBatch, dim], means) });
    const logits = slots.map((_, slot) => {
      const tensor = outputs[`slot ${slot}`];
      if (tensor === undefined) throw new Error(`slot ${slot} was not scored`);
      return floatsOf(tensor);
    });
    for (const row of part.keys()) {
      const scores = slots.map(({ classes }, slot) =>
        (logits[slot] as Float32Array).subarray(row * classes.length, (row + 1) * classes.length),
      );
      const columns = slots.map(({ column, classes }, slot) => [
        column,
        classes[largest(scores[slot] as Float32Array)] as string,
      ]);
      predictions.push(Object.fromEntries(columns));
      scores.forEach((values, slot) => {
        loss += crossEntropy(values, targets[start + row]?.[slot] as number);
      });
    }
  }
  return { predictions, loss: loss / places.length };
}

function largest(values: Float32Array): number {
  return values.reduce((best, value, i) => (value > (values[best] as number) ? i : best), 0);
}

function crossEntropy(logits: Float32Array, target: number): number {
  const top = logits.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  return top + Math.log(logits.reduce((sum, x) => sum + Math.exp(x - top), 0)) - (logits[target] as number);
}

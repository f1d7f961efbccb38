/**
 * @file Many pooled heads trained side by side in one program: seeds times learning rates, exactly as each by itself.
 *
 * A run is a head of its own. Runs of one seed see the same batches, so they share them; runs stand in the order
 * seed by seed, rate by rate.
 */

import { float32, type HostParameters, sizeOf } from '../../base/host-tensor.js';
import * as tf from '../../engine/ops.js';
import { scan } from '../../engine/scan.js';
import type { Parameters } from '../../engine/tree.js';
import { type AdamState, adamStep, sumOfSquares } from '../../nn/adam.js';
import { lossAndGradients } from '../../nn/gradients.js';
import { parameter } from '../../nn/linear.js';
import { pooledLogits } from './model.js';

/** Parameters of several runs as one: each [runs, ...shape]. */
export function stackRuns(runs: readonly HostParameters[]): HostParameters {
  const [first] = runs;
  if (first === undefined) throw new Error('no runs to stack');
  return Object.fromEntries(
    Object.entries(first).map(([name, { shape }]) => {
      const size = sizeOf(shape);
      const data = new Float32Array(runs.length * size);
      runs.forEach((run, i) => {
        data.set(run[name]?.data ?? [], i * size);
      });
      return [name, float32([runs.length, ...shape], data)];
    }),
  );
}

/** The parameters of one run, copied. */
export function runOf(stacked: HostParameters, run: number): HostParameters {
  return Object.fromEntries(
    Object.entries(stacked).map(([name, { shape, data }]) => {
      const [, ...own] = shape;
      const size = sizeOf(own);
      return [name, float32(own, Float32Array.from(data.subarray(run * size, (run + 1) * size)))];
    }),
  );
}

/**
 * Of every run, the sum over slots of the mean cross-entropy.
 * @param targets [seeds, batch, slots] int32
 * @returns [runs]
 */
export function runLosses(logits: readonly tf.Tensor3D[], targets: tf.Tensor): tf.Tensor1D {
  const [seeds, batch] = targets.shape as [number, number];
  const losses = logits.map((scores, slot) => {
    const [runs, , classes] = scores.shape;
    const column = tf.reshape(tf.slice(targets, [0, 0, slot], [-1, -1, 1]), [seeds, 1, batch]);
    const wanted = tf.oneHot(tf.cast(column, 'int32') as tf.Tensor3D, classes, 1, 0, 'float32');
    const chances = tf.reshape(tf.logSoftmax(scores, -1), [seeds, runs / seeds, batch, classes]);
    const sums = tf.sum(tf.reshape(tf.mul(wanted, chances), [runs, batch * classes]), 1); // [runs]
    return tf.mul(sums, -1 / batch);
  });
  return losses.reduce((sum, loss) => tf.add(sum, loss)) as tf.Tensor1D;
}

/** Inputs of some updates of all runs. Types, so that they are trees. */
export type RunsUpdates = {
  /** Each [runs, ...]. */
  readonly parameters: Parameters;
  readonly moments: AdamState<Parameters>;
  /** Updates done before, a scalar. */
  readonly step: tf.Tensor;
  /** [runs] */
  readonly learningRates: tf.Tensor;
  /** [updates, seeds, layers, batch, dim] */
  readonly means: tf.Tensor;
  /** [updates, seeds, batch, slots] int32 */
  readonly targets: tf.Tensor;
};

export type RunsUpdated = {
  readonly parameters: Parameters;
  readonly moments: AdamState<Parameters>;
  /** [updates, runs]: the loss before each update. */
  readonly losses: tf.Tensor;
};

/**
 * As many updates as `means` has batches: gradients clipped run by run, then Adam. Runs that the caches do not hold
 * together go one after the other.
 */
export function pooledRunsUpdates(inputs: RunsUpdates, slots: number, gradientClip: number): RunsUpdated {
  const runs = inputs.learningRates.shape[0] as number;
  if (runs === 1 || fitTogether(inputs.parameters, 1)) return updatesTogether(inputs, slots, gradientClip);
  const seeds = inputs.means.shape[1] as number;
  const updated = Array.from({ length: runs }, (_, run) =>
    updatesTogether(runInputs(inputs, run, Math.floor(run / (runs / seeds))), slots, gradientClip),
  );
  const all = (treeOf: (one: RunsUpdated) => Parameters): Parameters =>
    Object.fromEntries(
      Object.keys(inputs.parameters).map((name) => [
        name,
        tf.concat(updated.map((one) => parameter(treeOf(one), name))),
      ]),
    );
  return {
    parameters: all(({ parameters }) => parameters),
    moments: { first: all(({ moments }) => moments.first), second: all(({ moments }) => moments.second) },
    losses: tf.concat(
      updated.map(({ losses }) => losses),
      1,
    ),
  };
}

/**
 * Bytes of parameters up to which runs are worth doing together. At 13 x 768 and 256, 25 runs of 0.8 MB in one go fall
 * out of the caches; one by itself does not.
 */
const togetherBytes = 2 ** 20;

/** Whether so many runs with these parameters (each `runs` times) are to be done in one go. */
export function fitTogether(
  parameters: Readonly<Record<string, { readonly shape: readonly number[] }>>,
  runs: number,
): boolean {
  const values = Object.values(parameters).reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  return 4 * runs * values <= togetherBytes;
}

/** What one run of them needs. */
function runInputs(inputs: RunsUpdates, run: number, seed: number): RunsUpdates {
  const own = (tree: Parameters): Parameters =>
    Object.fromEntries(Object.entries(tree).map(([name, x]) => [name, rowOf(x, run, 0)]));
  return {
    parameters: own(inputs.parameters),
    moments: { first: own(inputs.moments.first), second: own(inputs.moments.second) },
    step: inputs.step,
    learningRates: rowOf(inputs.learningRates, run, 0),
    means: rowOf(inputs.means, seed, 1),
    targets: rowOf(inputs.targets, seed, 1),
  };
}

/** One row along an axis, which stays. */
function rowOf(x: tf.Tensor, row: number, axis: number): tf.Tensor {
  if (x.shape[axis] === 1) return x;
  const start = x.shape.map((_, i) => (i === axis ? row : 0));
  return tf.slice(
    x,
    start,
    x.shape.map((size, i) => (i === axis ? 1 : size)),
  );
}

/** Every operation over all the runs. */
function updatesTogether(inputs: RunsUpdates, slots: number, gradientClip: number): RunsUpdated {
  const names = Object.keys(inputs.parameters);
  const shapes = names.map((name) => parameter(inputs.parameters, name).shape);
  const runs = inputs.learningRates.shape[0] as number;
  const rates = tf.reshape(inputs.learningRates, [runs, 1]);
  // Inside the loop everything is [runs, values], so that a number a run fits all of it.
  const flat = (tree: Parameters): tf.Tensor[] =>
    names.map((name) => tf.reshape(parameter(tree, name), [runs, -1]));
  const named = (tensors: readonly tf.Tensor[], part: number): Parameters =>
    Object.fromEntries(names.map((name, i) => [name, tensors[part * names.length + i] as tf.Tensor]));
  const shaped = (tree: Parameters): Parameters =>
    Object.fromEntries(
      names.map((name, i) => [name, tf.reshape(parameter(tree, name), shapes[i] as number[])]),
    );
  const { state, outputs } = scan(
    (before, [means, targets]) => {
      const step = tf.add(before[3 * names.length] as tf.Tensor, 1);
      const parameters = named(before, 0);
      const { gradients, auxiliary } = lossAndGradients(parameters, (values) => {
        const logits = pooledLogits(shaped(values), slots, means as tf.Tensor);
        const losses = runLosses(logits, targets as tf.Tensor);
        return { loss: tf.sum(losses), auxiliary: { losses } };
      });
      const next = adamStep(
        parameters,
        gradients,
        { first: named(before, 1), second: named(before, 2) },
        { step, learningRate: rates, gradientScale: runScales(gradients, gradientClip) },
      );
      const trees = [next.parameters, next.state.first, next.state.second];
      return {
        state: [...trees.flatMap((tree) => names.map((name) => parameter(tree, name))), step],
        outputs: [auxiliary.losses],
      };
    },
    [...flat(inputs.parameters), ...flat(inputs.moments.first), ...flat(inputs.moments.second), inputs.step],
    [inputs.means, inputs.targets],
  );
  return {
    parameters: shaped(named(state, 0)),
    moments: { first: shaped(named(state, 1)), second: shaped(named(state, 2)) },
    losses: outputs[0] as tf.Tensor,
  };
}

/** As `clipScale`, a scale for every run: [runs, 1]; gradients are [runs, values]. */
function runScales(gradients: Parameters, limit: number): tf.Tensor {
  const squares = Object.values(gradients).map((gradient) =>
    sumOfSquares(gradient, gradient.shape[0] as number),
  );
  const norm = tf.sqrt(tf.addN(squares)); // [runs, 1]
  return tf.minimum(tf.div(limit, tf.add(norm, 1e-6)), 1);
}

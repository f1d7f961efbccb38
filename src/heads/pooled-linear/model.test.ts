/** @file The pooled head: a matter of the set of utterances, the same beside other runs, and able to learn. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ks } from '../../../tasks/ks/index.js';
import type { HeadResult } from '../../api/head-kind.js';
import type { Columns } from '../../api/task.js';
import { float32, type HostParameters, type HostTensor, int32, scalar } from '../../base/host-tensor.js';
import { randomStream } from '../../base/random.js';
import { constants } from '../../engine/constants.js';
import { createEngine } from '../../engine/create.js';
import { expectNear, normals, runOn } from '../../engine/engines.fixture.js';
import * as tf from '../../engine/ops.js';
import type { Parameters } from '../../engine/tree.js';
import { adamStart } from '../../nn/adam.js';
import { parseSettings } from '../settings.js';
import { columnsOf, heldFeatures, rowsOf, workOf } from '../toy-work.fixture.js';
import { pooledLogits, pooledStart, type Slots } from './model.js';
import { fitTogether, pooledRunsUpdates, type RunsUpdates, runLosses, runOf, stackRuns } from './runs.js';
import { pooledSettingsSchema } from './settings.js';
import { trainPooledHeads } from './training.js';

const slots: Slots = [
  { column: 'a', classes: ['x', 'y', 'z'] },
  { column: 'b', classes: ['u', 'v'] },
];
const [layers, batch, dim] = [4, 5, 6];

/** The loss that training minimises, of one run. */
const classificationLoss = (logits: readonly tf.Tensor3D[], targets: tf.Tensor): tf.Scalar =>
  tf.sum(runLosses(logits, tf.expandDims(targets, 0)));

const largestGap = (a: tf.Tensor, b: tf.Tensor): number =>
  tf.max(tf.abs(tf.sub(a, b))).dataSync()[0] as number;

test('the loss of a batch does not depend on the order of its utterances', () => {
  const parameters = constants(stackRuns([pooledStart(2, layers, dim, slots, 16)]));
  fc.assert(
    fc.property(fc.shuffledSubarray([0, 1, 2, 3, 4], { minLength: 5 }), (order) => {
      tf.tidy(() => {
        const means = tf.randomNormal([1, layers, batch, dim], 0, 1, 'float32', 3);
        const targets = tf.tensor2d([0, 1, 1, 0, 2, 1, 0, 0, 1, 1], [batch, 2], 'int32');
        const loss = classificationLoss(pooledLogits(parameters, 2, means), targets);
        const shuffled = classificationLoss(
          pooledLogits(parameters, 2, tf.gather(means, order, 2)),
          tf.gather(targets, order, 0),
        );
        expect(largestGap(loss, shuffled)).toBeLessThan(1e-5);
      });
    }),
    { numRuns: 10 },
  );
});

describe('runs side by side', () => {
  const [seeds, rates] = [2, [1e-2, 1e-3, 1e-4]] as const;
  const startsOf = (width: number): HostParameters[] =>
    [0, 1, 2, 3, 4, 5].map((seed) => pooledStart(seed, layers, dim, slots, width));
  const means = normals([3, seeds, layers, batch, dim], 'means of three updates');
  const targets = int32(
    [3, seeds, batch, 2],
    Array.from({ length: 3 * seeds * batch * 2 }, (_, i) => (i * 7) % 2),
  );

  test.each(['onnx', 'wasm', 'cpu'] as const)('score on %s as each by itself', async (engine) => {
    const starts = startsOf(32);
    const oneSeed = normals([1, layers, batch, dim], 'means');
    const many = await runOn(
      engine,
      ({ parameters, seen }: { parameters: Parameters; seen: tf.Tensor }) =>
        Object.fromEntries(pooledLogits(parameters, 2, seen).map((logits, i) => [`slot ${i}`, logits])),
      { parameters: stackRuns(starts), seen: oneSeed },
    );
    for (const [run, start] of starts.entries()) {
      const alone = await runOn(
        engine,
        ({ parameters, seen }: { parameters: Parameters; seen: tf.Tensor }) =>
          Object.fromEntries(pooledLogits(parameters, 2, seen).map((logits, i) => [`slot ${i}`, logits])),
        { parameters: stackRuns([start]), seen: oneSeed },
      );
      expectNear(runOf(many, run), runOf(alone, 0), 1e-5);
    }
  });

  test.each([
    ['onnx', 32],
    ['wasm', 32],
    ['cpu', 32],
    // Too large to be done in one go.
    ['onnx', 8192],
  ] as const)('learn on %s as each by itself, %d wide', async (engine, width) => {
    const starts = startsOf(width);
    expect(fitTogether(starts[0] as HostParameters, starts.length)).toBe(width === 32);
    const updated = (firstRun: number, runs: number, firstSeed: number, seedCount: number) => {
      const parameters = stackRuns(starts.slice(firstRun, firstRun + runs));
      const part = (tensor: HostTensor): HostTensor => {
        const size = tensor.data.length / (3 * seeds);
        const data = [0, 1, 2].flatMap((update) =>
          Array.from(tensor.data.subarray((update * seeds + firstSeed) * size).subarray(0, seedCount * size)),
        );
        const shape = [3, seedCount, ...tensor.shape.slice(2)];
        return tensor.dtype === 'int32' ? int32(shape, data) : float32(shape, data);
      };
      return runOn(engine, (inputs: RunsUpdates) => pooledRunsUpdates(inputs, 2, 0.5), {
        parameters,
        moments: adamStart(parameters),
        step: scalar(0),
        learningRates: float32(
          [runs],
          starts.map((_, run) => rates[run % 3] as number).slice(firstRun, firstRun + runs),
        ),
        means: part(means),
        targets: part(targets),
      });
    };
    const together = await updated(0, 6, 0, 2);
    for (let run = 0; run < 6; run++) {
      const alone = await updated(run, 1, Math.floor(run / 3), 1);
      expectNear(runOf(together.parameters, run), runOf(alone.parameters, 0), 2e-5);
    }
  });
});

describe('training', () => {
  const classes = ['down', 'go', 'up'];

  /** Three noisy clusters, told apart by the second of two layers alone. */
  async function train(
    engineName: 'onnx' | 'cpu',
    settings: object,
  ): Promise<{ result: HeadResult; references: Columns[] }> {
    const random = randomStream(4, 'clusters');
    const sizes = { train: 60, dev: 30, test: 30 } as const;
    const utterances: Float32Array[] = [];
    const labelled = (size: number): Columns[] =>
      Array.from({ length: size }, (_, i) => {
        const label = i % classes.length;
        utterances.push(
          Float32Array.from(
            { length: 2 * 8 },
            (_, at) => random.normal() + (at >= 8 && at % 3 === label ? 2.5 : 0),
          ),
        );
        return { label: classes[label] as string };
      });
    const references = {
      train: labelled(sizes.train),
      dev: labelled(sizes.dev),
      test: labelled(sizes.test),
    };
    const work = workOf(
      await createEngine(engineName, { threads: 1 }),
      heldFeatures(2, 8, utterances),
      references,
      {
        metric: ks.metrics[0],
        score: (predictions, wanted) => ks.evaluate(rowsOf(predictions, wanted)).accuracy?.value ?? 0,
      },
    );
    const [result] = await trainPooledHeads(
      work,
      [{ column: 'label', classes }],
      parseSettings(pooledSettingsSchema, settings, 'ks'),
      [1],
    );
    if (result === undefined) throw new Error('no head was trained');
    return { result, references: references.test };
  }

  test('learns, reports every rate, prefers the layer that tells the classes apart, and repeats exactly', async () => {
    const settings = { maximumUpdates: 120, learningRates: [1e-2, 1e-5] };
    const [once, again] = [await train('onnx', settings), await train('onnx', settings)];
    expect(once.result).toEqual(again.result);
    expect(once.result.tried.map(({ learningRate }) => learningRate)).toEqual([1e-2, 1e-5]);
    expect(once.result.chosen).toBe(1e-2);
    expect(
      ks.evaluate(rowsOf(columnsOf(once.result.predictions), once.references)).accuracy?.value,
    ).toBeGreaterThan(0.85);
    expect(once.result.layerWeights[1]).toBeGreaterThan(0.5);
    expect(once.result.layerWeights.reduce((a, b) => a + b)).toBeCloseTo(1, 6);
  });

  test('compiled equals eager', async () => {
    const settings = { maximumUpdates: 6, learningRates: [1e-2], batchSize: 20, projectionSize: 12 };
    const [compiled, eager] = [await train('onnx', settings), await train('cpu', settings)];
    compiled.result.layerWeights.forEach((weight, layer) => {
      expect(weight).toBeCloseTo(eager.result.layerWeights[layer] as number, 5);
    });
    expect(compiled.result.predictions).toEqual(eager.result.predictions);
  });

  test('a wrong setting is named', () => {
    expect(() => parseSettings(pooledSettingsSchema, { batchSize: 0, rate: 1 }, "task 'ks'")).toThrow(
      /task 'ks': invalid value for 'batchSize': .*\n.*unknown key 'rate'/s,
    );
  });
});

/** @file Updates of a small model: parts of a batch against the whole, frozen groups, rates, against PyTorch's rules. */
import { describe, expect, it } from 'vitest';
import { UserError } from '../base/errors.js';
import { float32, floatsOf, type HostParameters, scalar } from '../base/host-tensor.js';
import { engineUnderTest, expectNear, normals, testEngines } from '../engine/engines.fixture.js';
import * as tf from '../engine/ops.js';
import type { Parameters } from '../engine/tree.js';
import { adamDefaults, adamStart, adamStep, clipScale } from '../nn/adam.js';
import { lossAndGradients } from '../nn/gradients.js';
import { parameter } from '../nn/linear.js';
import type { BatchLoss } from './gradient-sums.js';
import { readWeights, type Weights } from './held-weights.js';
import type { OptimizerSettings } from './parameter-groups.js';
import { compileUpdates } from './updates.js';

type Inputs = { readonly x: tf.Tensor; readonly y: tf.Tensor };

const start: HostParameters = {
  'encoder.weight': normals([4, 3], 'encoder weight'),
  'encoder.bias': normals([4], 'encoder bias'),
  'output.weight': normals([2, 4], 'output weight'),
  'output.bias': normals([2], 'output bias'),
};
const plain: OptimizerSettings = { ...adamDefaults, clipNorm: 0.5 };
const weightsOf = (parameters: HostParameters): Weights => ({ parameters, moments: adamStart(parameters) });

/** [rows, 2] */
function outputsOf(parameters: Parameters, x: tf.Tensor): tf.Tensor {
  const linear = (input: tf.Tensor, name: string): tf.Tensor =>
    tf
      .matMul(input as tf.Tensor2D, parameter(parameters, `${name}.weight`) as tf.Tensor2D, false, true)
      .add(parameter(parameters, `${name}.bias`));
  return linear(tf.tanh(linear(x, 'encoder')), 'output');
}

/** Sum of squares, to be divided by the rows of all parts. */
const summedLoss = (parameters: Parameters, { x, y }: Inputs): BatchLoss => ({
  loss: outputsOf(parameters, x).sub(y).square().sum(),
  count: tf.scalar(x.shape[0] as number),
});

const meanLoss = (parameters: Parameters, { x, y }: Inputs): BatchLoss => ({
  loss: outputsOf(parameters, x)
    .sub(y)
    .square()
    .sum()
    .div(x.shape[0] as number),
});

const rows = 12;
const xs = normals([rows, 3], 'x');
const ys = normals([rows, 2], 'y');
/** Rows from one place to another. */
const part = (from: number, to: number) => ({
  x: float32([to - from, 3], floatsOf(xs).subarray(3 * from, 3 * to)),
  y: float32([to - from, 2], floatsOf(ys).subarray(2 * from, 2 * to)),
});
const wholeBatch = part(0, rows);

async function train(
  engineName: (typeof testEngines)[number],
  lossOf: typeof summedLoss,
  settings: OptimizerSettings,
  parts: readonly (typeof wholeBatch)[],
  updates: number,
  from: { readonly weights: Weights; readonly updatesBefore: number } = {
    weights: weightsOf(start),
    updatesBefore: 0,
  },
) {
  const program = compileUpdates<Inputs>(await engineUnderTest(engineName), lossOf, settings, 'toy');
  let weights = program.hold(from.weights, from.updatesBefore);
  const losses: number[] = [];
  const norms: number[] = [];
  for (let i = 0; i < updates; i++) {
    const updated = await program.update(weights, parts, {
      updatesBefore: from.updatesBefore + i,
      learningRate: 0.05,
    });
    weights = updated.weights;
    losses.push(updated.loss);
    norms.push(updated.gradientNorm);
  }
  await program.dispose();
  return { weights: await readWeights(weights), losses, norms };
}

describe.each(testEngines)('on %s', (engine) => {
  it.each([
    ['two parts', [part(0, 6), part(6, rows)]],
    ['three parts of different lengths', [part(0, 1), part(1, 9), part(9, rows)]],
    ['a part a row', Array.from({ length: rows }, (_, i) => part(i, i + 1))],
  ])('%s make the same updates as the whole batch', async (_, parts) => {
    const whole = await train(engine, summedLoss, plain, [wholeBatch], 4);
    const summed = await train(engine, summedLoss, plain, parts, 4);
    expectNear(summed.weights.parameters, whole.weights.parameters, 1e-6);
    expectNear(summed.weights.moments.first, whole.weights.moments.first, 1e-6);
    expectNear(summed.weights.moments.second, whole.weights.moments.second, 1e-6);
    for (const [i, loss] of whole.losses.entries()) expect(summed.losses[i]).toBeCloseTo(loss, 5);
    for (const [i, norm] of whole.norms.entries()) expect(summed.norms[i]).toBeCloseTo(norm, 4);
  });

  it('parts without a count are worth the same', async () => {
    const halves = [part(0, 6), part(6, rows)];
    const whole = await train(engine, meanLoss, plain, [wholeBatch], 2);
    const summed = await train(engine, meanLoss, plain, halves, 2);
    expectNear(summed.weights.parameters, whole.weights.parameters, 1e-6);
  });

  it('a frozen group does not change until its update, nor do its moments', async () => {
    const settings = {
      ...plain,
      groups: [
        { name: 'encoder', matches: (name: string) => name.startsWith('encoder.'), frozenUntil: 3 },
        { name: 'bias', matches: (name: string) => name === 'output.bias', frozenUntil: Infinity },
      ],
    };
    const frozen = await train(engine, meanLoss, settings, [wholeBatch], 3);
    const zeros = adamStart(start);
    for (const name of ['encoder.weight', 'encoder.bias', 'output.bias']) {
      expect(frozen.weights.parameters[name]).toEqual(start[name]);
      expect(frozen.weights.moments.first[name]).toEqual(zeros.first[name]);
      expect(frozen.weights.moments.second[name]).toEqual(zeros.second[name]);
    }
    expect(frozen.weights.parameters['output.weight']).not.toEqual(start['output.weight']);
    expect(Object.keys(frozen.weights.parameters)).toEqual(Object.keys(start));
    const thawed = await train(engine, meanLoss, settings, [wholeBatch], 4);
    expect(thawed.weights.parameters['output.bias']).toEqual(start['output.bias']);
    // Adam's first update is the learning rate against the gradient's sign: no bias correction of updates it had not.
    const moved = floatsOf(thawed.weights.parameters['encoder.weight'] as typeof xs);
    const before = floatsOf(start['encoder.weight'] as typeof xs);
    for (const [i, value] of moved.entries())
      expect(Math.abs(value - (before[i] as number))).toBeCloseTo(0.05, 5);
  });

  it('a group learns at its own multiple of the rate', async () => {
    const half = {
      ...plain,
      groups: [{ name: 'output', matches: (name: string) => name.startsWith('output.'), rateFactor: 0.5 }],
    };
    const { weights } = await train(engine, meanLoss, half, [wholeBatch], 1);
    const full = await train(engine, meanLoss, plain, [wholeBatch], 1);
    const moved = (tree: HostParameters, name: string): number[] =>
      Array.from(floatsOf(tree[name] as typeof xs), (value, i) => value - (start[name]?.data[i] as number));
    for (const [name, factor] of [
      ['output.weight', 0.5],
      ['encoder.weight', 1],
    ] as const) {
      const expected = moved(full.weights.parameters, name).map((change) => factor * change);
      for (const [i, change] of moved(weights.parameters, name).entries())
        expect(change).toBeCloseTo(expected[i] as number, 6);
    }
  });

  it('a whole batch without groups is updated as by the functions themselves, to the last digit', async () => {
    const program = (await engineUnderTest(engine)).compile(
      (inputs: {
        parameters: Parameters;
        moments: { first: Parameters; second: Parameters };
        step: tf.Tensor;
        learningRate: tf.Tensor;
        x: tf.Tensor;
        y: tf.Tensor;
      }) => {
        const { loss, gradients } = lossAndGradients(inputs.parameters, (parameters) => ({
          ...meanLoss(parameters, inputs),
          auxiliary: {},
        }));
        const { parameters, state } = adamStep(inputs.parameters, gradients, inputs.moments, {
          step: tf.add(inputs.step, 1),
          learningRate: inputs.learningRate,
          gradientScale: clipScale(gradients, 0.5).scale,
        });
        return { parameters, moments: state, loss };
      },
      { name: 'by hand' },
    );
    let { parameters, moments } = weightsOf(start);
    for (const step of [0, 1, 2]) {
      const inputs = { parameters, moments, step: scalar(step), learningRate: scalar(0.05), ...wholeBatch };
      const next = await program.run(inputs);
      ({ parameters, moments } = next as Weights);
    }
    await program.dispose();
    const { weights } = await train(engine, meanLoss, plain, [wholeBatch], 3);
    expect(weights).toEqual({ parameters, moments });
  });

  it('updates go on from weights that were read, also in the middle of a freeze', async () => {
    const settings = {
      ...plain,
      groups: [{ name: 'encoder', matches: (name: string) => name.startsWith('encoder.'), frozenUntil: 2 }],
    };
    const whole = await train(engine, meanLoss, settings, [wholeBatch], 5);
    for (const cut of [1, 2, 3]) {
      const { weights } = await train(engine, meanLoss, settings, [wholeBatch], cut);
      const rest = await train(engine, meanLoss, settings, [wholeBatch], 5 - cut, {
        weights,
        updatesBefore: cut,
      });
      expect(rest.weights).toEqual(whole.weights);
    }
  });
});

it('a group that matches no parameter is an error that names it', async () => {
  const settings = { ...plain, groups: [{ name: 'encodre', matches: () => false }] };
  const engine = await engineUnderTest('cpu');
  const hold = () => compileUpdates<Inputs>(engine, meanLoss, settings, 'toy').hold(weightsOf(start), 0);
  expect(hold).toThrow(UserError);
  expect(hold).toThrow(/group 'encodre' matches no parameter \(encoder\.weight, /);
});

it('decay touches no group that is exempt', async () => {
  const still = (parameters: Parameters): BatchLoss => ({
    loss: outputsOf(parameters, tf.zeros([1, 3]))
      .sum()
      .mul(0),
  });
  const settings = {
    ...plain,
    weightDecay: 0.1,
    decoupled: true,
    groups: [
      { name: 'biases', matches: (_: string, shape: readonly number[]) => shape.length < 2, decays: false },
    ],
  };
  const { weights } = await train('cpu', still, settings, [wholeBatch], 1);
  expect(weights.parameters['encoder.bias']).toEqual(start['encoder.bias']);
  const weight = start['encoder.weight'] as typeof xs;
  // Decoupled: w (1 - 0.05 * 0.1).
  for (const [i, value] of floatsOf(weights.parameters['encoder.weight'] as typeof xs).entries())
    expect(value).toBeCloseTo(0.995 * (weight.data[i] as number), 5);
});

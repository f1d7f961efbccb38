/** @file What one update of pre-training does to weights, whatever the loss. */
import { expect, it } from 'vitest';
import { float32, floatsOf, type HostParameters, scalar } from '../base/host-tensor.js';
import { runOn } from '../engine/engines.fixture.js';
import { adamStart } from '../nn/adam.js';
import { adamOf, type UpdateInputs, updatedBy } from './step.js';
import { melConfig, stateOf } from './training.fixture.js';

const rate = 0.01;
const { weightDecay } = melConfig.optimizer;

/** The first update, where one gradient pulls at the first weight alone. */
async function firstUpdate() {
  const { student, teacher } = stateOf('decay');
  const gradients = {
    'blocks.0.w': float32([2, 3], Float32Array.of(0.5, 0, 0, 0, 0, 0)),
    b: float32([3], new Float32Array(3)),
  };
  const at = { updatesBefore: scalar(0), learningRate: scalar(rate), decay: scalar(0.9) };
  const { student: after } = await runOn(
    'onnx',
    ({ gradients: given, ...inputs }: UpdateInputs & { readonly gradients: UpdateInputs['student'] }) => ({
      student: updatedBy({ gradients: given }, inputs, 0, adamOf(melConfig, student)).student,
    }),
    { student, teacher, adam: adamStart(student), gradients, ...at },
  );
  return { before: student, after };
}

const values = (parameters: HostParameters, name: string): number[] => {
  const tensor = parameters[name];
  if (tensor === undefined) throw new Error(`no parameter ${name}`);
  return [...floatsOf(tensor)];
};

// fairseq's Adam is AdamW (fairseq/optim/adam.py): what the decay adds is no part of the gradient, which Adam would scale up.
it('weight decay takes the same share of every weight, however small its gradient is', async () => {
  const { before, after } = await firstUpdate();
  const [first, ...others] = values(before, 'blocks.0.w').map((weight) => weight * (1 - rate * weightDecay));
  // Adam's first step is the learning rate, against the gradient.
  const expected = [(first as number) - rate, ...others];
  for (const [i, weight] of values(after, 'blocks.0.w').entries())
    expect(weight).toBeCloseTo(expected[i] as number, 6);
});

it('biases do not decay', async () => {
  const { before, after } = await firstUpdate();
  expect(values(after, 'b')).toEqual(values(before, 'b'));
});

/** @file Heads trained and judged utterance by utterance: whose losses are weighted, whose predictions are kept, what is best. */
import { expect, it } from 'vitest';
import type { HeadWork } from '../api/head-kind.js';
import { float32, floatsOf, scalar } from '../base/host-tensor.js';
import { engineUnderTest } from '../engine/engines.fixture.js';
import type { Tensor } from '../engine/ops.js';
import type { Parameters } from '../engine/tree.js';
import { parameter } from '../nn/linear.js';
import { type HeadTraining, trainHeads } from './heads.js';

type Inputs = { readonly wanted: Tensor };

/** Pulls one number towards 1; on dev the loss is its distance from 2 a token, over utterances of 1 and 3 tokens. */
async function training(): Promise<HeadTraining<Inputs, { size: number }>> {
  const engine = await engineUnderTest('onnx');
  const distance = engine.compile(
    ({ parameters }: { parameters: Parameters }) => ({
      apart: parameter(parameters, 'x').sub(2).abs().reshape([]),
    }),
    { name: 'distance' },
  );
  const work: Partial<HeadWork> = {
    engine,
    features: { layers: 2, dim: 1 } as HeadWork['features'],
    places: { train: [0], dev: [1, 2], test: [3, 4, 5] },
    metric: { name: 'accuracy', direction: 'higher' },
    score: (predictions, split) => predictions.filter(({ columns }) => columns.at === `${split} 1`).length,
    title: 'toy head',
    quiet: true,
  };
  return {
    work: work as HeadWork,
    kind: 'toy',
    stored: { size: 1 },
    settings: { learningRates: [0.1], maximumUpdates: 2, evaluateEvery: 1, patience: 0, gradientClip: 1 },
    seeds: [1, 2],
    epochUpdates: 1,
    start: () => ({ x: float32([1]), layerWeights: float32([2]) }),
    inputs: async () => ({ wanted: scalar(1) }),
    loss: (parameters, { wanted }) => ({
      loss: parameter(parameters, 'x')
        .sub(wanted)
        .square()
        .sum()
        .add(parameter(parameters, 'layerWeights').sum().mul(0)),
    }),
    async judge(parameters, split, index) {
      const { apart } = await distance.run({ parameters });
      const tokens = 1 + 2 * index;
      return {
        prediction: { columns: { at: `${split} ${index}` } },
        loss: tokens * (floatsOf(apart)[0] as number),
        weight: tokens,
      };
    },
  };
}

it('gives a result a seed: dev as the mean a token, test in its order, layer weights after the softmax', async () => {
  const results = await trainHeads(await training());
  expect(results).toHaveLength(2);
  for (const { curve, chosen, predictions, layerWeights, head } of results) {
    // Adam's first steps are of the learning rate: 0.1, then 0.2, which are 1.9 and 1.8 from 2.
    expect(curve.map(({ devMetric }) => devMetric)).toEqual([1, 1]);
    expect(curve[0]?.devLoss).toBeCloseTo(1.9, 5);
    expect(curve[1]?.devLoss).toBeCloseTo(1.8, 2);
    expect(chosen).toBe(0.1);
    expect(predictions.map(({ columns }) => columns.at)).toEqual(['test 0', 'test 1', 'test 2']);
    expect(layerWeights).toEqual([0.5, 0.5]);
    expect(head).toMatchObject({ stored: { size: 1 }, parameters: { x: { shape: [1] } } });
    expect(head.parameters.x?.data[0]).toBeCloseTo(0.2, 2);
  }
});

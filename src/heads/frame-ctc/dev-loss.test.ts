/** @file The loss on dev of recognition heads: that of the dev split, weighted as training weighs it. */
import { expect, test } from 'vitest';
import type { CtcSpec } from '../../api/head-spec.js';
import { float32, floatsOf } from '../../base/host-tensor.js';
import { randomStream } from '../../base/random.js';
import { createEngine } from '../../engine/create.js';
import { runOn } from '../../engine/engines.fixture.js';
import type * as tf from '../../engine/ops.js';
import type { Parameters } from '../../engine/tree.js';
import { parseSettings } from '../settings.js';
import { heldFeatures, workOf } from '../toy-work.fixture.js';
import { ctcForward } from './model.js';
import { ctcSettingsSchema } from './settings.js';
import { trainCtcHeads } from './training.js';

const [layers, dim] = [2, 3];
/** Blank, A and B. */
const spec: CtcSpec = {
  kind: 'frame-ctc',
  column: 'text',
  tokens: ['-', 'A', 'B'],
  blank: 0,
  encode: (text) => Array.from(text, (letter) => ' AB'.indexOf(letter)),
  decode: (tokens) => tokens.map((token) => ' AB'[token]).join(''),
};

/** Minus the log of the summed probability of every path that spells the target, each written out. */
function lossOfPaths(logits: readonly (readonly number[])[], target: string): number {
  const chances = logits.map((step) => {
    const sum = step.reduce((all, value) => all + Math.exp(value), 0);
    return step.map((value) => Math.exp(value) / sum);
  });
  const spelt = (path: readonly number[]): string =>
    spec.decode(path.filter((token, i) => token !== 0 && token !== path[i - 1]));
  let paths: { readonly path: readonly number[]; readonly chance: number }[] = [{ path: [], chance: 1 }];
  for (const step of chances)
    paths = paths.flatMap(({ path, chance }) =>
      step.map((p, token) => ({ path: [...path, token], chance: chance * p })),
    );
  const fitting = paths.filter(({ path }) => spelt(path) === target);
  return -Math.log(fitting.reduce((sum, { chance }) => sum + chance, 0));
}

test('is the mean over dev of the CTC loss over the tokens, and not the loss of training', async () => {
  const random = randomStream(3, 'dev loss');
  const texts = { train: ['A', 'AB', 'BA', 'B', 'AAB'], dev: ['AB', 'B', 'ABA'], test: ['A'] };
  const frames = [4, 6, 5, 4, 6, 5, 3, 6, 4];
  const utterances = frames.map((count) =>
    Float32Array.from({ length: layers * count * dim }, () => random.normal()),
  );
  const references = {
    train: texts.train.map((text) => ({ text })),
    dev: texts.dev.map((text) => ({ text })),
    test: texts.test.map((text) => ({ text })),
  };
  const engine = await createEngine('onnx', { threads: 1 });
  const work = workOf(engine, heldFeatures(layers, dim, utterances), references, {
    metric: { name: 'wer', direction: 'lower' },
    score: () => 0.5,
  });
  const sizes = { projectionSize: 4, lstmSize: 3, stepSamples: 0, batchSize: 2, dropout: 0 };
  const settings = { ...sizes, maximumUpdates: 7, evaluateEvery: 7, learningRates: [0.05] };
  const [result] = await trainCtcHeads(work, spec, parseSettings(ctcSettingsSchema, settings, 'toy'), [1]);
  const [look] = result?.curve ?? [];
  if (result === undefined || look === undefined) throw new Error('nothing was trained');
  let expected = 0;
  for (const [i, text] of texts.dev.entries()) {
    const place = texts.train.length + i;
    const { logits } = await runOn(
      'cpu',
      ({ parameters, states }: { readonly parameters: Parameters; readonly states: tf.Tensor }) =>
        ctcForward(result.head.stored, parameters, states),
      {
        parameters: result.head.parameters,
        states: float32([layers, 1, frames[place] as number, dim], utterances[place] as Float32Array),
      },
    );
    const values = [...floatsOf(logits)];
    const steps = Array.from({ length: values.length / 3 }, (_, step) =>
      values.slice(3 * step, 3 * step + 3),
    );
    expected += lossOfPaths(steps, text) / text.length / texts.dev.length;
  }
  expect(look.devLoss).toBeCloseTo(expected, 5);
  expect(Math.abs(look.devLoss - look.trainLoss)).toBeGreaterThan(0.01);
});

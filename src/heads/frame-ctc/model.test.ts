/** @file The CTC head: decoding, batches, and learning on made-up frames. */

import { describe, expect, test } from 'vitest';
import { asr } from '../../../tasks/asr/index.js';
import type { HeadResult } from '../../api/head-kind.js';
import type { Columns } from '../../api/task.js';
import { randomStream } from '../../base/random.js';
import { constants } from '../../engine/constants.js';
import { createEngine } from '../../engine/create.js';
import type { EngineName } from '../../engine/engine.js';
import * as tf from '../../engine/ops.js';
import { readArpa } from '../../lm/arpa.js';
import { parseSettings } from '../settings.js';
import { columnsOf, heldFeatures, rowsOf, workOf } from '../toy-work.fixture.js';
import { frameBatch, framesJoined, longestTargets, targetBatch } from './batches.js';
import { ctcLogits, ctcStart } from './model.js';
import { ctcSettingsSchema } from './settings.js';
import { trainCtcHeads } from './training.js';

describe('batches', () => {
  const features = heldFeatures(
    2,
    3,
    [4, 9, 1].map((frames, u) => Float32Array.from({ length: 2 * frames * 3 }, (_, i) => 100 * u + i)),
  );

  test('hold each layer of each utterance where it belongs, zeros elsewhere', async () => {
    const { states, steps } = await frameBatch(features, [1, 0], 3, 2);
    expect(states.shape).toEqual([2, 3, 32, 3]);
    expect([...steps.data]).toEqual([5, 2, 1]);
    const row = (layer: number, utterance: number): number[] => {
      const start = (layer * 3 + utterance) * 32 * 3;
      return [...states.data.slice(start, start + 32 * 3)];
    };
    expect(row(1, 0).slice(0, 27)).toEqual(Array.from({ length: 27 }, (_, i) => 100 + 27 + i));
    expect(row(1, 1).slice(0, 12)).toEqual(Array.from({ length: 12 }, (_, i) => 12 + i));
    expect(
      row(1, 1)
        .slice(12)
        .every((value) => value === 0),
    ).toBe(true);
    expect(row(0, 2).every((value) => value === 0)).toBe(true);
  });

  test("weigh as torch's mean reduction: over tokens, then over real rows", () => {
    const { targets, targetLengths, weights } = targetBatch(
      [
        [5, 6],
        [7, 8, 9, 10],
      ],
      3,
      4,
    );
    expect(targets.shape).toEqual([3, 8]);
    expect([...targets.data.slice(8, 12)]).toEqual([7, 8, 9, 10]);
    expect([...targetLengths.data]).toEqual([2, 4, 0]);
    expect([...weights.data]).toEqual([1 / 4, 1 / 8, 0]);
  });

  test('find a target width from the padded steps alone', () => {
    const longest = longestTargets(
      [10, 50, 20],
      [
        [1, 2],
        [1, 2, 3, 4, 5, 6, 7, 8, 9],
        [1, 2, 3],
      ],
      2,
    );
    expect([longest(16), longest(32)]).toEqual([3, 9]);
  });

  test('join frames until a step is as long as was asked, whatever the encoder', () => {
    expect([
      framesJoined(640, 160),
      framesJoined(640, 320),
      framesJoined(0, 320),
      framesJoined(640, 1000),
    ]).toEqual([4, 2, 1, 1]);
  });
});

test("an utterance's logits do not depend on what it is batched with", async () => {
  const model = {
    layers: 2,
    dim: 3,
    tokens: 6,
    blank: 0,
    join: 2,
    projectionSize: 5,
    lstmSize: 4,
    lstmLayers: 2,
  };
  const random = randomStream(1, 'frames');
  const features = heldFeatures(
    2,
    3,
    [7, 40, 12].map((n) => Float32Array.from({ length: 6 * n }, () => random.normal())),
  );
  const [one, three] = [await frameBatch(features, [0], 1, 2), await frameBatch(features, [2, 1, 0], 3, 2)];
  tf.tidy(() => {
    const parameters = constants(ctcStart(3, model));
    const logits = (batch: typeof one): number[][][] => {
      const { states, steps } = constants(batch) as Record<keyof typeof one, tf.Tensor>;
      return ctcLogits(parameters, model, states, steps).arraySync();
    };
    const [alone, together] = [logits(one)[0], logits(three)[2]];
    for (let step = 0; step < 4; step++) {
      alone?.[step]?.forEach((value, token) => {
        expect(value).toBeCloseTo(together?.[step]?.[token] as number, 5);
      });
    }
  });
});

describe('training', () => {
  const letters = 'ABC';

  /** Each letter is four frames with a direction of its own, after two frames of nothing. */
  async function train(
    engineName: EngineName,
    settings: object,
    sizes = { train: 64, dev: 16, test: 24 },
  ): Promise<{ result: HeadResult; references: Columns[] }> {
    const random = randomStream(9, 'spelling');
    const utterances: Float32Array[] = [];
    const spelt = (size: number): Columns[] =>
      Array.from({ length: size }, () => {
        const text = Array.from(
          { length: 1 + random.integer(4) },
          () => letters[random.integer(3)] as string,
        ).join('');
        const frames = 6 * text.length + 2;
        const values = Float32Array.from({ length: 2 * frames * 4 }, (_, i) => {
          const [layer, frame, d] = [Math.floor(i / (frames * 4)), Math.floor(i / 4) % frames, i % 4];
          const letter = frame % 6 < 2 ? 3 : letters.indexOf(text[Math.floor(frame / 6)] ?? '');
          return 0.3 * random.normal() + (layer === 1 && letter === d ? 2 : 0);
        });
        utterances.push(values);
        return { text };
      });
    const references = {
      train: spelt(sizes.train),
      dev: spelt(sizes.dev),
      test: spelt(sizes.test),
    };
    const data = { train: [], dev: [], test: [] };
    const head = asr.head(data);
    const work = workOf(
      await createEngine(engineName, { threads: 1 }),
      heldFeatures(2, 4, utterances),
      references,
      {
        metric: asr.metrics[0],
        score: (predictions, wanted) => asr.evaluate(rowsOf(predictions, wanted)).cer?.value ?? 1,
      },
    );
    const all = parseSettings(ctcSettingsSchema, settings, 'asr');
    const [result] = await trainCtcHeads(work, head, all, [1]);
    if (result === undefined) throw new Error('no head was trained');
    return { result, references: references.test };
  }

  const small = { projectionSize: 16, lstmSize: 16, batchSize: 16, learningRates: [2e-2], stepSamples: 640 };

  test('learns to spell, and repeats exactly', async () => {
    const settings = { ...small, maximumUpdates: 100, dropout: 0.1 };
    const [once, again] = [await train('onnx', settings), await train('onnx', settings)];
    expect(asr.evaluate(rowsOf(columnsOf(once.result.predictions), once.references)).cer?.value).toBeLessThan(
      0.1,
    );
    expect(once.result.layerWeights[1]).toBeGreaterThan(0.5);
    expect(once.result).toEqual(again.result);
  });

  test('with a language model, says words of the model alone, or what greedy decoding says', async () => {
    const few = { train: 12, dev: 4, test: 12 };
    const settings = { ...small, batchSize: 4, maximumUpdates: 6 };
    const greedy = await train('onnx', settings, few);
    const arpa = new URL('../../../test/fixtures/lm/tiny.arpa', import.meta.url).pathname;
    const model = await readArpa(arpa);
    const decoded = await train('onnx', { ...settings, lm: { arpa, wordScore: 20 } }, few);
    expect(decoded.result.head).toEqual(greedy.result.head);
    const texts = decoded.result.predictions.map(({ columns }) => columns.text as string);
    const changed = texts.filter((text, i) => text !== greedy.result.predictions[i]?.columns.text);
    expect(changed.length).toBeGreaterThan(0);
    for (const word of changed.join(' ').split(' ')) expect(model.vocabulary.has(word), word).toBe(true);
  });

  test('compiled equals eager, with dropout and SpecAugment', async () => {
    const specAugment = {
      timeWarpWindow: 2,
      timeMasks: 1,
      timeMaskFrames: 3,
      featureMasks: 1,
      featureMaskDims: 2,
    };
    const settings = {
      ...small,
      batchSize: 4,
      maximumUpdates: 3,
      evaluateEvery: 3,
      dropout: 0.2,
      specAugment,
    };
    const few = { train: 12, dev: 4, test: 4 };
    const [compiled, eager] = [await train('onnx', settings, few), await train('cpu', settings, few)];
    compiled.result.layerWeights.forEach((weight, layer) => {
      expect(weight).toBeCloseTo(eager.result.layerWeights[layer] as number, 4);
    });
    expect(compiled.result.predictions).toEqual(eager.result.predictions);
  });
});

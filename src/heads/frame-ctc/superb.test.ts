/** @file The preset superb of recognition does to a batch what s3prl's recipe does, rendered anew in PyTorch. */
import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { asr } from '../../../tasks/asr/index.js';
import { float32, int32 } from '../../base/host-tensor.js';
import { createEngine } from '../../engine/create.js';
import { runOn } from '../../engine/engines.fixture.js';
import * as tf from '../../engine/ops.js';
import { ctcLoss } from '../../nn/ctc.js';
import { parseSettings } from '../settings.js';
import { heldFeatures, rowsOf, workOf } from '../toy-work.fixture.js';
import { augmentMasks, halves, targetBatch } from './batches.js';
import { frameCtc } from './index.js';
import { ctcSettingsSchema } from './settings.js';
import { timeWarps, warpInto } from './time-warp.js';
import { targetsOf, trainCtcHeads } from './training.js';

interface Torch {
  readonly warps: readonly {
    readonly frames: number;
    readonly dim: number;
    readonly centre: number;
    readonly moved: number;
    readonly x: readonly number[];
    readonly warped: readonly number[];
  }[];
  readonly loss: {
    readonly texts: readonly string[];
    readonly labels: readonly (readonly number[])[];
    readonly frames: readonly number[];
    readonly logits: readonly number[];
    readonly loss: number;
  };
  readonly groups: readonly { readonly lengths: readonly number[]; readonly batches: readonly number[][] }[];
}
// Made by superb_asr.py beside it.
const file = new URL('../../../test/fixtures/torch/superb_asr.json', import.meta.url);
const torch = JSON.parse(await readFile(file, 'utf8')) as Torch;

const settings = parseSettings(
  ctcSettingsSchema,
  { ...frameCtc.presets?.superb, ...asr.settings?.superb },
  'asr',
);
const spec = asr.head({ train: [], dev: [], test: [] });
const engine = await createEngine('onnx', { threads: 1 });

test.each(torch.warps)(
  "frames are warped as torch's bicubic interpolation warps them: $frames with $centre moved to $moved",
  ({ frames, dim, centre, moved, x, warped }) => {
    const padded = frames + 3;
    const matrix = new Float32Array(padded * padded);
    warpInto(matrix, padded, frames, centre, moved);
    for (let frame = 0; frame < frames; frame++)
      for (let d = 0; d < dim; d++) {
        let sum = 0;
        for (let from = 0; from < frames; from++)
          sum += (matrix[frame * padded + from] as number) * (x[from * dim + d] as number);
        expect(sum).toBeCloseTo(warped[frame * dim + d] as number, 4);
      }
  },
);

test('the centre of a warp is any place a window from both ends, and moves from one less than a window back to a window on', () => {
  const seen = { centres: new Set<number>(), shifts: new Set<number>() };
  const [frames, window] = [14, 5];
  const rowOf = (update: number): string => {
    const matrix = timeWarps({ size: 1, frames, lengths: [frames] }, window, 1, update).data;
    return Array.from(matrix, (value) => value.toFixed(4)).join();
  };
  const known = new Map<string, { readonly centre: number; readonly shift: number }>();
  for (let centre = window; centre < frames - window; centre++)
    for (let shift = 1 - window; shift <= window; shift++) {
      const matrix = new Float32Array(frames * frames);
      warpInto(matrix, frames, frames, centre, centre + shift);
      known.set(Array.from(matrix, (value) => value.toFixed(4)).join(), { centre, shift });
    }
  for (let update = 0; update < 400; update++) {
    const found = known.get(rowOf(update));
    if (found === undefined) continue;
    seen.centres.add(found.centre);
    seen.shifts.add(found.shift);
  }
  expect([...seen.centres].sort((a, b) => a - b)).toEqual([5, 6, 7, 8]);
  // Where nothing moves, all centres are one.
  expect([...seen.shifts].sort((a, b) => a - b)).toEqual([-4, -3, -2, -1, 0, 1, 2, 3, 4, 5]);
});

test("a text's labels end in a space and </s>, and their loss is over all of them", async () => {
  const { texts, labels, frames, logits, loss } = torch.loss;
  const references = { train: texts.map((text) => ({ text })), dev: [], test: [] };
  const features = heldFeatures(1, 1, [new Float32Array(1), new Float32Array(1)]);
  const work = workOf(engine, features, references, { metric: asr.metrics[0], score: () => 0 });
  const targets = targetsOf({ work, spec }, 'train', settings);
  expect(targets).toEqual(labels);
  const batch = targetBatch(targets, 2, 16);
  const { sum } = await runOn(
    'onnx',
    ({
      x,
      steps,
      wanted,
      lengths,
      weights,
    }: Record<'x' | 'steps' | 'wanted' | 'lengths' | 'weights', tf.Tensor>) => ({
      sum: tf.sum(
        tf.mul(
          ctcLoss(x as tf.Tensor3D, wanted as tf.Tensor2D, steps as tf.Tensor1D, lengths as tf.Tensor1D),
          weights,
        ),
      ),
    }),
    {
      x: float32([2, 30, 32], logits),
      steps: int32([2], frames),
      wanted: batch.targets,
      lengths: batch.targetLengths,
      weights: batch.weights,
    },
  );
  expect(sum.data[0]).toBeCloseTo(loss, 4);
  expect(spec.decode(labels[0] as number[])).toBe(texts[0]);
});

test.each(torch.groups)(
  'groups of falling length are halved, the last stays whole: $lengths.length',
  (group) => {
    expect(halves(group.lengths, 3)).toEqual(group.batches);
  },
);

describe("SpecAugment's masks", () => {
  const lengths = [60, 100, 33];
  const masksOf = (update: number) =>
    augmentMasks(
      settings.specAugment as NonNullable<typeof settings.specAugment>,
      { lengths, size: 4, frames: 112, dim: 64 },
      1,
      update,
    );

  test('are up to 39 frames and 49 dimensions wide, 0 at the least, and hide nothing of what fills the batch', () => {
    const one = { timeWarpWindow: 0, timeMasks: 1, timeMaskFrames: 40, featureMasks: 1, featureMaskDims: 50 };
    const widths = { time: new Set<number>(), features: new Set<number>() };
    for (let update = 0; update < 600; update++) {
      const masks = augmentMasks(one, { lengths: [100], size: 2, frames: 112, dim: 64 }, 1, update);
      const hidden = (values: ArrayLike<number>): number =>
        Array.from(values).filter((value) => value === 0).length;
      widths.time.add(hidden(masks.time.data.slice(0, 112)));
      widths.features.add(hidden(masks.features.data.slice(0, 64)));
      expect(hidden(masks.time.data.slice(112))).toBe(0);
      expect(masks.time.data.slice(100, 112).every((value) => value === 1)).toBe(true);
    }
    expect([...widths.time].sort((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, i) => i));
    expect([...widths.features].sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => i));
  });

  test('start before the longest utterance less the widest mask of the batch, whatever the own length', () => {
    fc.assert(
      fc.property(fc.nat(), (update) => {
        const { time } = masksOf(update);
        for (let row = 0; row < 4; row++) {
          const own = Array.from(time.data.slice(row * 112, (row + 1) * 112));
          expect(own.slice(100)).toEqual(new Array(12).fill(1));
          if (row === 3) expect(own).toEqual(new Array(112).fill(1));
        }
        expect(masksOf(update)).toEqual(masksOf(update));
      }),
      { numRuns: 30 },
    );
  });
});

describe('a head that is trained with the settings of superb', () => {
  const utterances = Array.from({ length: 11 }, (_, u) =>
    Float32Array.from({ length: 24 * 3 }, (_, i) => Math.sin(u * 7 + i * 0.3)),
  );
  const texts = (count: number) =>
    Array.from({ length: count }, (_, i) => ({ text: 'AB A'.slice(0, 1 + (i % 4)).trim() }));
  const train = (change: object) => {
    const references = { train: texts(7), dev: texts(2), test: texts(2) };
    const work = workOf(engine, heldFeatures(1, 3, utterances), references, {
      metric: asr.metrics[0],
      score: (predictions, wanted) => asr.evaluate(rowsOf(predictions, wanted)).wer?.value ?? 1,
    });
    const small = {
      projectionSize: 4,
      lstmSize: 3,
      lstmLayers: 1,
      batchSize: 2,
      maximumUpdates: 3,
      evaluateEvery: 1,
    };
    return trainCtcHeads(work, spec, { ...settings, ...small, ...change }, [1]);
  };

  test('is none where no checkpoint has fewer errors on dev than there are words, and says so', async () => {
    await expect(train({})).rejects.toMatchObject({
      exitCode: 1,
      message: expect.stringMatching(
        /no checkpoint of the toy head was good enough to keep: the best wer on dev is 100 %/,
      ),
    });
  });

  test('is the first of equal checkpoints', async () => {
    const [result] = await train({ keptBeyond: undefined });
    expect(result?.curve.map(({ devMetric }) => devMetric)).toEqual([1, 1, 1]);
    const [other] = await train({ keptBeyond: undefined, maximumUpdates: 1 });
    expect(result?.head.parameters).toEqual(other?.head.parameters);
  });

  test('refuses tokens behind a text that the head does not have', async () => {
    await expect(train({ endTokens: ['<end>'] })).rejects.toThrow(
      /invalid value for 'endTokens': '<end>' is not a token/,
    );
  });
});

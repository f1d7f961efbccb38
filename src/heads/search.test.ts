/** @file When a training among several ends, and what the presets make of the settings. */
import { describe, expect, test } from 'vitest';
import { frameCtc } from './frame-ctc/index.js';
import { pooledLinear } from './pooled-linear/index.js';
import { advanced, bestCourse, type Course, newCourse, withEndings } from './search.js';
import { parseSettings } from './settings.js';

const limits = { patience: 60, maximumUpdates: 1000 };

/** A course with a metric and a loss a look, ten updates apart. */
function courseOf(rate: number, looks: readonly (readonly [metric: number, loss: number])[]): Course {
  return looks.reduce(
    (course, [devMetric, devLoss], i) =>
      advanced(course, { update: 10 * (i + 1), trainLoss: 0, devMetric, devLoss }, () => ({}), 'higher'),
    newCourse(1, rate),
  );
}

const looks = (count: number, metric: number, loss: number) =>
  Array.from({ length: count }, () => [metric, loss] as const);

describe('a course', () => {
  test('keeps the best look at dev, a lower loss deciding between equal metrics', () => {
    const course = courseOf(0.1, [
      [0.2, 3],
      [0.5, 2],
      [0.5, 1],
      [0.4, 0.5],
    ]);
    expect(course.best).toMatchObject({ update: 30, devMetric: 0.5, devLoss: 1 });
    expect(course.stale).toBe(1);
    expect(course.curve).toHaveLength(4);
  });

  test('is hopeless once another rate was better in metric and loss within a tenth of its updates', () => {
    const endings = (count: number, loss: number): (string | undefined)[] =>
      withEndings(
        [courseOf(0.1, looks(count, 0.9, 0.3)), courseOf(1e-5, looks(count, 0.1, loss))],
        'higher',
        limits,
      ).map(({ ended }) => ended);
    expect(endings(40, 2)).toEqual([undefined, 'hopeless']);
    expect(endings(39, 2)).toEqual([undefined, undefined]);
    expect(endings(40, 0.2)).toEqual([undefined, undefined]);
  });

  test('ends when it has stalled or is full, and never stalls without patience', () => {
    const [flat] = [courseOf(0.1, looks(70, 0.5, 1))];
    expect(withEndings([flat], 'higher', limits)[0]?.ended).toBe('stalled');
    expect(withEndings([flat], 'higher', { patience: 0, maximumUpdates: 1000 })[0]?.ended).toBeUndefined();
    expect(withEndings([flat], 'higher', { patience: 0, maximumUpdates: 700 })[0]?.ended).toBe('finished');
  });

  test('is chosen by its best look', () => {
    const [low, high] = [
      courseOf(0.1, [
        [0.7, 1],
        [0.1, 9],
      ]),
      courseOf(0.01, [[0.6, 1]]),
    ];
    expect(bestCourse([high, low], 'higher').learningRate).toBe(0.1);
    expect(bestCourse([high, low], 'lower').learningRate).toBe(0.01);
  });
});

test("the preset superb holds the reference's numbers", () => {
  const pooled = parseSettings(pooledLinear.settings, pooledLinear.presets?.superb, 'ks');
  expect(pooled).toMatchObject({ projectionSize: 256, batchSize: 32, learningRates: [1e-4] });
  expect(pooled).toMatchObject({ maximumUpdates: 200_000, evaluateEvery: 5000, patience: 0 });
  const ctc = parseSettings(frameCtc.settings, frameCtc.presets?.superb, 'asr');
  expect(ctc).toMatchObject({ projectionSize: 1024, lstmLayers: 2, lstmSize: 1024, dropout: 0.2 });
  expect(ctc.specAugment).toEqual({
    timeWarpWindow: 5,
    timeMasks: 2,
    timeMaskFrames: 40,
    featureMasks: 4,
    featureMaskDims: 50,
  });
});

/** @file When a training among several ends, and which is the best. */
import { describe, expect, test } from 'vitest';
import { float32 } from '../base/host-tensor.js';
import {
  afterLook,
  bestCourse,
  type Course,
  chosenCourse,
  courseSchema,
  newCourse,
  triedRate,
  withEndings,
  withoutBeaten,
} from './course.js';

const limits = { patience: 60, maximumUpdates: 1000 };

/** A course with a metric and a loss a look, ten updates apart. */
async function courseOf(
  rate: number,
  looks: readonly (readonly [metric: number, loss: number])[],
  seed = 1,
): Promise<Course> {
  let course = newCourse(seed, rate);
  for (const [i, [devMetric, devLoss]] of looks.entries()) {
    const point = { update: 10 * (i + 1), trainLoss: 0, devMetric, devLoss };
    course = await afterLook(course, point, () => ({ at: float32([], [i]) }), 'higher');
  }
  return course;
}

const looks = (count: number, metric: number, loss: number) =>
  Array.from({ length: count }, () => [metric, loss] as const);

describe('a course', () => {
  test('keeps the best look at dev, a lower loss deciding between equal metrics', async () => {
    const course = await courseOf(0.1, [
      [0.2, 3],
      [0.5, 2],
      [0.5, 1],
      [0.4, 0.5],
    ]);
    expect(course.best).toMatchObject({ update: 30, devMetric: 0.5, devLoss: 1 });
    expect(course.best?.parameters).toEqual({ at: float32([], [2]) });
    expect(course.stale).toBe(1);
    expect(course.curve).toHaveLength(4);
  });

  test('reads parameters only where they are the best so far, and stays as it is once it has ended', async () => {
    const course = await courseOf(0.1, [[0.5, 1]]);
    const point = { update: 20, trainLoss: 0, devMetric: 0.4, devLoss: 1 };
    const read = (): never => {
      throw new Error('read');
    };
    expect((await afterLook(course, point, read, 'higher')).stale).toBe(1);
    await expect(afterLook(course, point, read, 'lower')).rejects.toThrow('read');
    const ended: Course = { ...course, ended: 'stalled' };
    expect(await afterLook(ended, { ...point, devMetric: 1 }, read, 'higher')).toBe(ended);
  });

  test('has diverged where a loss or metric is no number, and keeps the best before', async () => {
    for (const look of [[Number.NaN, 1] as const, [0.9, Number.POSITIVE_INFINITY] as const]) {
      const course = await courseOf(0.1, [[0.2, 3], look, [0.9, 0.1]]);
      expect(course).toMatchObject({ ended: 'diverged', best: { update: 10 }, curve: [{ update: 10 }] });
      expect(triedRate(course)).toEqual({
        learningRate: 0.1,
        devMetric: 0.2,
        updates: 20,
        ended: 'diverged',
      });
      expect(courseSchema.parse(course)).toEqual(course);
    }
  });

  test('that diverged before it had any look loses to every other, and alone it is an error that names the rates', async () => {
    const lost = await courseOf(1e9, [[0.5, Number.NaN]]);
    expect(triedRate(lost)).toEqual({
      learningRate: 1e9,
      devMetric: null,
      updates: 10,
      ended: 'diverged',
    });
    const poor = await courseOf(0.1, [[0, 9]]);
    expect(chosenCourse([lost, poor], 'higher', 'ks head of tiny')).toEqual(poor);
    expect(() => chosenCourse([lost, { ...lost, learningRate: 10 }], 'higher', 'ks head of tiny')).toThrow(
      'the ks head of tiny diverged at every learning rate (1000000000, 10). Lower the learning rate',
    );
  });

  test('is hopeless once another rate was better in metric and loss within a tenth of its updates', async () => {
    const endings = async (count: number, loss: number, seed = 1) => {
      const courses = [
        await courseOf(0.1, looks(count, 0.9, 0.3)),
        await courseOf(1e-5, looks(count, 0.1, loss), seed),
      ];
      return withEndings(courses, 'higher', limits).map(({ ended }) => ended);
    };
    expect(await endings(40, 2)).toEqual([undefined, 'hopeless']);
    expect(await endings(39, 2)).toEqual([undefined, undefined]);
    expect(await endings(40, 0.2)).toEqual([undefined, undefined]);
    expect(await endings(40, 2, 7)).toEqual([undefined, undefined]);
  });

  test('that has not begun neither ends nor makes others hopeless, whatever is better', async () => {
    const courses = [await courseOf(0.1, looks(41, 0.5, 1)), newCourse(1, 1e-5)];
    for (const direction of ['higher', 'lower'] as const)
      expect(withEndings(courses, direction, limits)).toEqual(courses);
  });

  test('ends when it has stalled or is full, and never stalls without patience', async () => {
    const flat = await courseOf(0.1, looks(70, 0.5, 1));
    const ended = (change: Partial<typeof limits>) =>
      withEndings([flat], 'higher', { ...limits, ...change })[0]?.ended;
    expect(ended({})).toBe('stalled');
    expect(ended({ patience: 0 })).toBeUndefined();
    expect(ended({ patience: 0, maximumUpdates: 700 })).toBe('finished');
  });

  test('is chosen by its best look; before the first look there is none', async () => {
    const [high, low] = [
      await courseOf(0.1, [
        [0.7, 1],
        [0.1, 9],
      ]),
      await courseOf(0.01, [[0.6, 1]]),
    ];
    expect(bestCourse([high, low], 'higher')?.learningRate).toBe(0.1);
    expect(bestCourse([high, low], 'lower')?.learningRate).toBe(0.01);
    expect(bestCourse([newCourse(1, 0.1)], 'higher')).toBeUndefined();
  });

  test('that is beaten and over gives its parameters away, and is still told of', async () => {
    const over = (course: Course): Course => ({ ...course, ended: 'finished' });
    const courses = [
      over(await courseOf(0.1, [[0.7, 1]])),
      over(await courseOf(0.01, [[0.6, 1]])),
      await courseOf(0.001, [[0.5, 1]]),
      over(await courseOf(0.01, [[0.1, 1]], 2)),
    ];
    const kept = withoutBeaten(courses, 'higher').map(
      ({ best }) => Object.keys(best?.parameters ?? {}).length,
    );
    expect(kept).toEqual([1, 0, 1, 1]);
    expect(triedRate(withoutBeaten(courses, 'higher')[1] as Course)).toEqual({
      learningRate: 0.01,
      devMetric: 0.6,
      updates: 10,
      ended: 'finished',
    });
    expect(() => triedRate(courses[2] as Course)).toThrow('has not ended');
  });

  test('is what its schema says, begun or not, with losses that are no numbers', async () => {
    const courses = [newCourse(1, 0.1), await courseOf(0.1, [[0.7, Number.NaN]])];
    for (const course of courses) expect(courseSchema.parse(course)).toEqual(course);
  });
});

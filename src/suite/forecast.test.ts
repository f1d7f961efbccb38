/** @file What a run says of the time that is left: simulated with the demo's jobs as they were measured, on a clock of its own. */
import { describe, expect, it } from 'vitest';
import { demoJobs, type TimedJob } from './demo-jobs.fixture.js';
import { estimatorOf, type Measure, paceOf, roughSeconds } from './estimate.js';
import { type CourseOptions, courseOf, type Forecast, secondsTogether } from './forecast.js';
import { forecastLine, forecastLines } from './forecast-text.js';
import type { Job } from './job.js';
import { scheduleOf } from './schedule.js';

type Run = ReturnType<typeof simulate>;

interface Moment {
  readonly at: number;
  readonly forecast: Forecast;
}

/** Does jobs as the local runner does, a second a step, and asks how long it takes. Pooled heads end at half of their updates. */
function simulate(jobs: readonly TimedJob[], workers: number, options: CourseOptions = {}) {
  const seconds = new Map(jobs.map(({ job, seconds: own }) => [job, own]));
  const todo = jobs.map(({ job }) => job);
  const course = courseOf(todo, { workers, ...options });
  const estimator = estimatorOf(options.now ?? [], options.before);
  const schedule = scheduleOf(todo, new Set(), (job) => estimator.of(job).seconds);
  const running = new Map<Job, number>();
  const moments: Moment[] = [];
  const fill = (at: number): void => {
    while (running.size < workers) {
      const job = schedule.next();
      if (job === undefined) break;
      running.set(job, at);
      course.started(job, at);
      // It says something as soon as all is loaded.
      course.progress(job, 0.001, undefined, at + 0.5);
    }
  };
  for (let at = 0; ; at++) {
    for (const [job, since] of running) {
      const share = (at - since) / (seconds.get(job) as number);
      if (share >= 1) {
        running.delete(job);
        course.done(job, at);
        schedule.done(job);
      } else if (at > since) {
        const ends = job.kind === 'head' && job.secondsPerUnit > 1 ? 0.5 : 1;
        course.progress(job, share * ends, 'a note', at);
      }
    }
    fill(at);
    if (at % 3 === 0 || running.size === 0) moments.push({ at, forecast: course.forecast(at) });
    if (running.size === 0) return { moments, end: at };
  }
}

/** How many times too long (above 1) or too short estimates were, of those that were wrong by more than 5 % of the run. */
function errorsOf({ moments, end }: Run, from: (forecast: Forecast) => boolean): number[] {
  return moments.flatMap(({ at, forecast }) => {
    const { secondsLeft: left } = forecast;
    if (left === undefined || !from(forecast)) return [];
    return Math.abs(left - (end - at)) < 0.05 * end ? [1] : [left / (end - at)];
  });
}

const remembered = (jobs: readonly TimedJob[]): Measure[] =>
  jobs.map(({ job, seconds }) => ({ pace: paceOf(job), seconds, rough: roughSeconds(job) }));

describe('a run of the demo on a machine that nobody knows', () => {
  it.each([
    [1, 2],
    [1, 1],
    [0.3, 2],
    [3, 4],
  ])(
    'that is %s times as slow, with %s jobs at a time, says nothing before any measure, then the truth',
    (slow, workers) => {
      const run = simulate(demoJobs(slow), workers);
      expect(run.moments[0]?.forecast.secondsLeft).toBeUndefined();
      const all = errorsOf(run, () => true);
      expect(all.length).toBeGreaterThan(0.9 * run.moments.length);
      expect(Math.max(...all)).toBeLessThan(3);
      expect(Math.min(...all)).toBeGreaterThan(1 / 3);
      const afterFirst = errorsOf(run, ({ done }) => done >= 2);
      expect(Math.max(...afterFirst)).toBeLessThan(1.5);
      expect(Math.min(...afterFirst)).toBeGreaterThan(1 / 1.5);
    },
  );
});

describe('a run on a machine that did it before', () => {
  it('knows from its first second how long it takes', () => {
    const jobs = demoJobs();
    const run = simulate(jobs, 2, { before: remembered(jobs) });
    const errors = errorsOf(run, () => true);
    expect(errors).toHaveLength(run.moments.length);
    expect(Math.max(...errors)).toBeLessThan(1.15);
    expect(Math.min(...errors)).toBeGreaterThan(1 / 1.15);
    expect(run.moments[0]?.forecast.rough).toBe(false);
  });

  it('that is twice as busy now corrects itself by what it measures', () => {
    const run = simulate(demoJobs(2), 2, { before: remembered(demoJobs()) });
    const errors = errorsOf(run, ({ done }) => done >= 2);
    expect(Math.max(...errors)).toBeLessThan(1.25);
    expect(Math.min(...errors)).toBeGreaterThan(1 / 1.25);
  });
});

it('does not take the start of a job of a moment for its speed', () => {
  const timed = demoJobs().find(({ job }) => job.kind === 'features') as TimedJob;
  const moment = { ...timed.job, work: timed.job.work / 1000 };
  const [measure] = remembered([{ job: moment, seconds: 1 }]) as [Measure];
  const { seconds } = estimatorOf([], [measure]).of(timed.job);
  expect(seconds).toBeLessThan(2 * timed.seconds);
  expect(seconds).toBeGreaterThan(timed.seconds / 2);
});

it('takes the number of workers and what waits for what into account', () => {
  const jobs = demoJobs();
  const estimator = estimatorOf(remembered(jobs));
  const todo = jobs.map(({ job }) => job);
  const all = jobs.reduce((sum, { seconds }) => sum + seconds, 0);
  expect(secondsTogether(todo, estimator, 1)).toBeCloseTo(all, 6);
  expect(secondsTogether(todo, estimator, 2)).toBeGreaterThan(all / 2);
  expect(secondsTogether(todo, estimator, 2)).toBeLessThan(1.1 * (all / 2));
  // Not below the longest chain: pre-training, its features, its longest head.
  const [first] = todo.filter(({ key }) => key === 'p tiny-easy-to-hard');
  const chain = ['p', 'f asr', 'h asr'].reduce(
    (sum, name) =>
      sum +
      estimator.of(todo.find(({ key }) => key === `${name} tiny-easy-to-hard`) ?? (first as Job)).seconds,
    0,
  );
  expect(secondsTogether(todo, estimator, 1000)).toBeCloseTo(chain, 6);
});

it('does not take for speed what was there already, or what an earlier run had done', () => {
  const [{ job }, { job: other }] = demoJobs() as [TimedJob, TimedJob];
  const course = courseOf([job, other], { workers: 1 });
  course.started(job, 0);
  course.done(job, 0.2);
  expect(course.forecast(1)).toMatchObject({ done: 1, secondsLeft: undefined });
  course.started(other, 1);
  course.progress(other, 0.9, undefined, 2);
  course.progress(other, 0.95, undefined, 12);
  // The rest of 5 % takes the 10 s that 5 % took; the share of 95 % in 11 s is no measure.
  expect(course.forecast(12).secondsLeft).toBeCloseTo(10, 6);
});

it('leaves out what can never be done, and counts it as failed', () => {
  const jobs = demoJobs();
  const course = courseOf(
    jobs.map(({ job }) => job),
    { workers: 2, before: remembered(jobs) },
  );
  const before = course.forecast(0).secondsLeft as number;
  for (const { job } of jobs.filter(({ job: { kind } }) => kind === 'pretrain')) {
    course.started(job, 0);
    course.failed(job);
  }
  const after = course.forecast(0);
  expect(after.failed).toBe(2);
  expect(after.secondsLeft).toBeLessThan(before / 2);
  expect(after.kinds[0]).toMatchObject({ kind: 'pretrain', jobs: 2, failed: 2, secondsLeft: 0 });
});

it('is a line of the whole and a line a kind of job', () => {
  const jobs = demoJobs();
  const { moments } = simulate(jobs, 2, {});
  const at = (second: number): string[] =>
    forecastLines('suite demo', (moments[second / 3] as Moment).forecast);
  expect(at(0)).toEqual([
    'suite demo: 0 of 34 jobs, 2 at a time, estimating',
    '  pretrain 0/2: pre-train tiny-random; pre-train tiny-easy-to-hard',
    '  features 0/16',
    '  head     0/16',
  ]);
  expect(at(90)).toEqual([
    expect.stringMatching(/^suite demo: 0 of 34 jobs, 2 at a time, about \d min left$/),
    expect.stringMatching(
      /^ {2}pretrain 0\/2, 85 s of audio\/s, 1 min 3\d s left: pre-train tiny-random 49 % a note; pre-train tiny-easy-to-hard 48 % a note$/,
    ),
    expect.stringMatching(/^ {2}features 0\/16, \d min \d\d s left$/),
    expect.stringMatching(/^ {2}head {5}0\/16, \d min \d\d s left$/),
  ]);
  const last = moments.at(-1) as Moment;
  expect(forecastLine('suite demo', last.forecast)).toMatch(
    /^suite demo: 34 of 34 jobs, 2 at a time; pretrain 2\/2, 8\d s of audio\/s; features 16\/16, \d+ s of audio\/s; head 16\/16, 28 s each$/,
  );
});

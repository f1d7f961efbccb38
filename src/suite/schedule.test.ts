import { describe, expect, it } from 'vitest';
import type { Job } from './job.js';
import { scheduleOf } from './schedule.js';

const job = (key: string, kind: Job['kind'], needs: string[] = [], work = 1): Job =>
  ({ key, kind, needs, work, title: key }) as unknown as Job;

const [p, f, g] = [job('p', 'pretrain'), job('f', 'features', ['p']), job('g', 'features')];
const [h, i, j] = [job('h', 'head', ['f']), job('i', 'head', ['g'], 1), job('j', 'head', ['g'], 5)];
const all = [p, f, g, h, i, j];
const cost = ({ work }: Job): number => work;

describe('the schedule', () => {
  it('gives what others wait for first, then what takes longest, each when its needs are done', () => {
    const schedule = scheduleOf(all, new Set(), cost);
    expect([schedule.next(), schedule.next(), schedule.next()]).toEqual([p, g, undefined]);
    schedule.done(g);
    expect(schedule.next()).toBe(j);
    schedule.done(p);
    expect(schedule.ready()).toBe(2);
    expect([schedule.next(), schedule.next(), schedule.next()]).toEqual([f, i, undefined]);
  });

  it('leaves out what is done, and blocks all that needs what failed', () => {
    const schedule = scheduleOf(all, new Set(['g', 'j']), cost);
    expect(schedule.next()).toBe(p);
    schedule.failed(p);
    expect(schedule.blocked()).toEqual([f, h]);
    expect([schedule.next(), schedule.next()]).toEqual([i, undefined]);
  });

  it('gives a job again that was put back', () => {
    const schedule = scheduleOf([g], new Set(), cost);
    schedule.again(schedule.next() as Job);
    expect(schedule.next()).toBe(g);
  });
});

/** @file What a run writes on a terminal, in a log, on a terminal that obeys no codes, and when quiet. */
import { Writable } from 'node:stream';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { demoJobs } from './demo-jobs.fixture.js';
import { courseOf } from './forecast.js';
import type { Job } from './job.js';
import { viewOf } from './view.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const [first, second, third] = demoJobs().map(({ job }) => job) as [Job, Job, Job];

/** A run of three jobs, two at a time: the second fails after 30 s. */
function shown(properties: { isTTY: boolean; columns?: number }, terminal = 'xterm', quiet = false): string {
  let written = '';
  const writable = new Writable({
    write(chunk, _encoding, done) {
      written += String(chunk);
      done();
    },
  });
  const stream = Object.assign(writable, properties);
  const course = courseOf([first, second, third], { workers: 2 });
  const view = viewOf('suite demo', course, { quiet, stream, terminal });
  for (const job of [first, second]) {
    view.started(job);
    view.progress(job, 0.001, 'loss 1.00');
  }
  vi.advanceTimersByTime(30_000);
  view.progress(first, 0.251, 'loss 0.50');
  view.failed(second, 'the disk is full');
  vi.advanceTimersByTime(30_000);
  view.stop();
  return written;
}

const start =
  'suite demo: 0 of 3 jobs, 2 at a time, estimating; pretrain 0/2: pre-train tiny-random loss 1.00; pre-train tiny-easy-to-hard loss 1.00; features 0/1';

it('writes a line at the start, every thirty seconds and at the end into a log, and what fails when it fails', () => {
  const lines = shown({ isTTY: false }).split('\n');
  expect(lines[0]).toBe('suite demo: 0 of 3 jobs, 2 at a time, estimating; pretrain 0/2; features 0/1');
  expect(lines.slice(1, 3)).toEqual([start, 'failed: pre-train tiny-easy-to-hard: the disk is full']);
  expect(lines[3]).toMatch(
    /^suite demo: 0 of 3 jobs, 1 failed, 2 at a time, about 1 min 10 s left; pretrain 0\/2, 1 failed, 128 s of audio\/s, 1 min 00 s left: pre-train tiny-random 25 % loss 0\.50; features 0\/1, 1 min 08 s left$/,
  );
  expect(lines.slice(4)).toEqual([lines[3], '']);
});

it('writes the same on a terminal that obeys no codes', () => {
  expect(shown({ isTTY: true, columns: 80 }, 'dumb')).toBe(shown({ isTTY: false }));
});

it('draws a line of the whole and a line a kind on a terminal, without colours, within its columns', () => {
  const text = shown({ isTTY: true, columns: 80 });
  const codes = new Set(text.match(/\[\d*[A-Za-z]/g));
  expect(codes).toEqual(new Set(['[2A', '[J']));
  const drawn = text.split('\u001b').map((part) => part.replace(/^\[\d*[A-Za-z]/, '').replace(/\r$/, ''));
  for (const line of drawn.flatMap((part) => part.split('\n'))) expect(line.length).toBeLessThan(80);
  expect(text).toContain(
    'failed: pre-train tiny-easy-to-hard: the disk is full\nsuite demo: 0 of 3 jobs, 1 failed',
  );
  expect(drawn.at(-1)?.split('\n')).toEqual([
    'suite demo: 0 of 3 jobs, 1 failed, 2 at a time, about 1 min 10 s left',
    '  pretrain 0/2, 1 failed, 128 s of audio/s, 1 min 00 s left: pre-train tiny-ran',
    expect.stringMatching(/^ {2}features 0\/1, 1 min 08 s left$/),
    '',
  ]);
});

it('writes nothing when quiet', () => {
  expect(shown({ isTTY: true, columns: 80 }, 'xterm', true)).toBe('');
});

/** @file Tests of what progress writes on a terminal, elsewhere, and when quiet. */
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createProgress, durationText } from './progress.js';

function listen(properties: { isTTY?: boolean; columns?: number } = {}) {
  const stream = Object.assign(new PassThrough({ encoding: 'utf8' }), properties);
  return { stream, text: (): string => (stream.read() as string | null) ?? '' };
}

describe('createProgress elsewhere than on a terminal', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });
  const pass = (seconds: number) => vi.advanceTimersByTime(1000 * seconds);

  it('writes a plain line every thirty seconds and a final one', () => {
    const { stream, text } = listen();
    const progress = createProgress('extract', 1000, { stream });
    for (let second = 1; second <= 100; second++) {
      pass(1);
      progress.update(second * 10, `utterance\n${second}`);
    }
    progress.stop();
    pass(100);
    expect(text().split('\n')).toEqual([
      'extract 290/1000, 10/s, 1 min 10 s left, utterance 29',
      'extract 590/1000, 10/s, 40 s left, utterance 59',
      'extract 890/1000, 10/s, 10 s left, utterance 89',
      'extract 1000/1000 in 1 min 40 s, 10/s, utterance 100',
      '',
    ]);
  });

  it('says so as often while one piece takes minutes', () => {
    const { stream, text } = listen();
    const progress = createProgress('decode', 4, { stream });
    pass(20);
    progress.update(1);
    pass(71);
    progress.stop('interrupted');
    expect(text().split('\n')).toEqual([
      'decode 1/4, 30 s each, 1 min 30 s left',
      'decode 1/4, 60 s each, 3 min 00 s left',
      'decode 1/4, 90 s each, 4 min 30 s left',
      'decode 1/4 in 1 min 31 s, 91 s each, interrupted',
      '',
    ]);
  });

  it('does not count the time before the first update, in which programs are compiled, once there is another', () => {
    const { stream, text } = listen();
    const progress = createProgress('pre-train', 600, { stream });
    // 20 s until the first, then two a second: 581 of them take 290 s, not 15 minutes.
    pass(20);
    for (let done = 1; done < 20; done++) {
      progress.update(done);
      pass(0.5);
    }
    pass(0.5);
    expect(text()).toBe('pre-train 19/600, 2/s, 4 min 50 s left\n');
    progress.stop();
  });

  it('estimates nothing before anything is done', () => {
    const { stream, text } = listen();
    const progress = createProgress('pre-train', 600, { stream });
    progress.update(0);
    pass(30);
    expect(text()).toBe('pre-train 0/600, estimating\n');
    progress.stop();
  });

  it('counts the rate of a resumed run from where it resumed', () => {
    const { stream, text } = listen();
    const progress = createProgress('pre-train', 1000, { stream, initial: 900 });
    pass(20);
    progress.update(920);
    pass(10);
    expect(text()).toBe('pre-train 920/1000, 1.5 s each, 2 min 00 s left\n');
    progress.stop();
  });

  it('stops once, and says how far it came', () => {
    const { stream, text } = listen();
    const progress = createProgress('heads', 8, { stream, now: () => 0 });
    progress.stop('interrupted');
    progress.stop();
    progress.update(3);
    expect(text()).toBe('heads 0/8 in 0.0 s, interrupted\n');
  });
});

it('writes plain lines on a terminal that obeys no codes', () => {
  const { stream, text } = listen({ isTTY: true, columns: 60 });
  const progress = createProgress('heads', 8, { stream, now: () => 0, terminal: 'dumb' });
  progress.update(3);
  progress.stop();
  expect(text()).toBe('heads 3/8 in 0.0 s, 3000/s\n');
});

describe('createProgress on a terminal', () => {
  it('draws a bar that fits the columns, with done and total, and ends the line', () => {
    const { stream, text } = listen({ isTTY: true, columns: 60 });
    let time = 0;
    const progress = createProgress('pre-train', 400, { stream, terminal: 'xterm', now: () => time });
    time = 10_000;
    progress.update(100, 'a note that is much longer than the terminal is wide, by far');
    progress.stop();
    const written = text();
    const lines = written.split('\u001b').map((part) => part.replace(/^\[[0-9]*[A-Za-z]/, '').trim());
    expect(Math.max(...lines.map((line) => line.length))).toBe(59);
    // No colours, and nothing that a killed process would leave behind: the cursor stays as it is.
    expect(new Set(written.match(/\[\d*[A-Za-z]/g))).toEqual(new Set(['[J']));
    expect(written).toContain('██░░░░ pre-train 100/400 in 10 s, 10/s, a note that is much');
    expect(written.endsWith('\n')).toBe(true);
  });
});

it('writes nothing when quiet', () => {
  const { stream, text } = listen({ isTTY: true, columns: 80 });
  const progress = createProgress('quiet', 2, { quiet: true, stream });
  progress.update(1, 'x');
  progress.stop('done');
  expect(text()).toBe('');
});

describe('durationText', () => {
  it('reads like a person would say it', () => {
    expect([0.04, 9.94, 9.96, 59.4, 59.6, 125, 3599.7, 3725].map(durationText)).toEqual([
      '0.0 s',
      '9.9 s',
      '10 s',
      '59 s',
      '1 min 00 s',
      '2 min 05 s',
      '1 h 00 min',
      '1 h 02 min',
    ]);
  });
});

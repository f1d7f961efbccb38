/** @file Tests of what progress writes on a terminal, elsewhere, and when quiet. */
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { createProgress, durationText } from './progress.js';

function listen(properties: { isTTY?: boolean; columns?: number } = {}) {
  const stream = Object.assign(new PassThrough({ encoding: 'utf8' }), properties);
  return { stream, text: (): string => (stream.read() as string | null) ?? '' };
}

describe('createProgress elsewhere than on a terminal', () => {
  it('writes a plain line at most every ten seconds and a final one', () => {
    const { stream, text } = listen();
    let time = 0;
    const progress = createProgress('extract', 400, { stream, now: () => time });
    for (let second = 1; second <= 40; second++) {
      time = second * 1000;
      progress.update(second * 10, `utterance\n${second}`);
    }
    progress.stop();
    expect(text().split('\n')).toEqual([
      'extract 100/400, 10/s, 30 s left, utterance 10',
      'extract 200/400, 10/s, 20 s left, utterance 20',
      'extract 300/400, 10/s, 10 s left, utterance 30',
      'extract 400/400, 10/s, 0.0 s left, utterance 40',
      'extract 400/400 in 40 s, 10/s, utterance 40',
      '',
    ]);
  });

  it('counts the rate of a resumed run from where it resumed', () => {
    const { stream, text } = listen();
    let time = 0;
    const progress = createProgress('pre-train', 1000, { stream, now: () => time, initial: 900 });
    time = 20_000;
    progress.update(910);
    expect(text()).toBe('pre-train 910/1000, 2 s each, 3 min 00 s left\n');
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
    // What stands between two of the terminal's control sequences.
    const lines = written.split('\u001b').map((part) => part.replace(/^(\[[?0-9]*[A-Za-z]|[78])/, ''));
    expect(Math.max(...lines.map((line) => line.length))).toBe(59);
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

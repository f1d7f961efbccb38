/** @file Lines that are drawn anew on a terminal. */
import { PassThrough } from 'node:stream';
import { expect, it, vi } from 'vitest';
import { liveLines } from './live-lines.js';

it('draws over what it drew, lets others speak above, and ends below its last lines', () => {
  vi.useFakeTimers();
  try {
    const screen = Object.assign(new PassThrough({ encoding: 'utf8' }), { isTTY: true, columns: 12 });
    let lines = ['one', 'a line that is longer than the screen'];
    const live = liveLines(screen, () => lines);
    lines = ['two'];
    vi.advanceTimersByTime(200);
    live.say('failed: a');
    lines = ['three'];
    live.stop();
    live.stop();
    vi.advanceTimersByTime(1000);
    live.say('later');
    expect(screen.read()).toBe(
      [
        'one\na line that',
        '\r\u001b[1A\u001b[Jtwo',
        '\r\u001b[Jfailed: a\ntwo',
        '\r\u001b[Jthree\n',
        'later\n',
      ].join(''),
    );
  } finally {
    vi.useRealTimers();
  }
});

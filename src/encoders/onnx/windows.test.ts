/** @file Windows of a fixed length: where they lie, and one row of frames out of many. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { float32, floatsOf, type HostTensor } from '../../base/host-tensor.js';
import { arrange, framesOf } from './layout.js';
import { joinWindows, type Windowing, windowCount, windowOf } from './windows.js';

const windowing = (changes: Partial<Windowing>): Windowing => ({
  size: 6,
  hop: 6,
  context: 0,
  overlap: 'mean',
  end: 'pad',
  ...changes,
});

/** A model that gives a frame for every two steps: the steps' sum. */
const sums = (window: Float32Array): HostTensor =>
  float32(
    [window.length / 2, 1],
    Array.from(
      { length: window.length / 2 },
      (_, i) => (window[2 * i] as number) + (window[2 * i + 1] as number),
    ),
  );

const run = (steps: Float32Array, settings: Windowing): number[] => {
  const windows = Array.from({ length: windowCount(steps.length, settings) }, (_, i) =>
    sums(windowOf(steps, 1, i, settings)),
  );
  return Array.from(floatsOf(joinWindows(windows, steps.length, settings, 'model.onnx')));
};

describe('windows', () => {
  it('that overlap or not give what the whole gives, where a frame is of its own steps alone', () => {
    const lengths = fc.integer({ min: 6, max: 60 });
    const settings = fc.record({
      hop: fc.constantFrom(2, 4, 6),
      overlap: fc.constantFrom('mean' as const, 'middle' as const),
      end: fc.constantFrom('pad' as const, 'drop' as const),
    });
    fc.assert(
      fc.property(lengths, settings, (length, changes) => {
        const steps = Float32Array.from({ length }, (_, i) => i * i);
        const whole = floatsOf(sums(steps.subarray(0, length - (length % 2))));
        const found = run(steps, windowing(changes));
        const { hop } = windowing(changes);
        // Dropping leaves out what fills no window.
        const frames =
          changes.end === 'pad' ? Math.floor(length / 2) : (Math.floor((length - 6) / hop) * hop + 6) / 2;
        expect(found).toHaveLength(frames);
        for (const [i, value] of found.entries()) expect(value).toBeCloseTo(whole[i] as number, 3);
      }),
    );
  });

  it('are averaged, or the frame nearest its middle is taken', () => {
    const windows = [float32([3, 1], [1, 2, 3]), float32([3, 1], [10, 20, 30])];
    const settings = windowing({ hop: 2, end: 'drop' });
    const joined = (overlap: 'mean' | 'middle') =>
      Array.from(floatsOf(joinWindows(windows, 8, { ...settings, overlap }, 'x')));
    // Frames 1 and 2 have two values: (2 + 10) / 2 and (3 + 20) / 2; the middle of the second window is frame 2.
    expect(joined('mean')).toEqual([1, 6, 11.5, 30]);
    expect(joined('middle')).toEqual([1, 2, 20, 30]);
  });

  it('whose hop lies between two frames are refused', () => {
    const windows = [float32([3, 1]), float32([3, 1])];
    expect(() => joinWindows(windows, 9, windowing({ hop: 3 }), 'x.onnx')).toThrow(
      /x\.onnx: the frames of neighbouring windows do not line up: a window of 6 has 3 frames, and the next one starts 1\.50 frames later/,
    );
  });

  it('get the steps before them, zeros at first', () => {
    const steps = Float32Array.of(1, 2, 3, 4, 5, 6, 7);
    const settings = windowing({ size: 3, hop: 3, context: 2 });
    const given = [0, 1, 2].map((i) => Array.from(windowOf(steps, 1, i, settings)));
    expect(given).toEqual([
      [0, 0, 1, 2, 3],
      [2, 3, 4, 5, 6],
      [5, 6, 7, 0, 0],
    ]);
  });

  it('are none where ends are dropped and no window is full', () => {
    expect(windowCount(5, windowing({ end: 'drop' }))).toBe(0);
    expect(windowCount(5, windowing({}))).toBe(1);
  });
});

describe('layouts', () => {
  it('are those of any order of axes', () => {
    // Two steps of three bins.
    const steps = Float32Array.of(1, 2, 3, 4, 5, 6);
    expect(arrange(steps, 3, ['batch', 'time', 'bins', 'one'])).toEqual(float32([1, 2, 3, 1], steps));
    expect(arrange(steps, 3, ['batch', 'bins', 'time'])).toEqual(float32([1, 3, 2], [1, 4, 2, 5, 3, 6]));
    const frames = framesOf(float32([1, 3, 2], [1, 4, 2, 5, 3, 6]), ['batch', 'dim', 'frames'], 'y', 'x');
    expect(frames).toEqual(float32([2, 3], steps));
    const state = framesOf(float32([2, 1, 3], steps), ['dim', 'batch', 'dim'], 'y', 'x');
    expect(state).toEqual(float32([1, 6], steps));
    expect(() => framesOf(float32([2, 3]), ['batch', 'dim'], 'y', 'x.onnx')).toThrow(
      /output 'y' has shape \[2, 3\], expected \[batch, dim\]/,
    );
  });
});

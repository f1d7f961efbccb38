/** @file What frames are: by an alignment, written out by hand, and by energy. */
import { describe, expect, it } from 'vitest';
import { randomStream } from '../../base/random.js';
import type { FrameGrid } from '../frame-grid.js';
import { parseAlignment } from './alignment.js';
import { countRegions, type Region, regionsOfAlignment, regionsOfEnergy } from './regions.js';

const place = { manifest: 'm.csv', line: 7 };
/** Frames of 20 ms; their middles are at 10, 30, 50 ms, ... */
const grid = (frames: number): FrameGrid => ({ frames, hopSamples: 320, fieldSamples: 320 });
const signs = { speech: '+', silence: '.', boundary: '|' } as const;
const letters = (regions: readonly Region[]): string => regions.map((region) => signs[region]).join('');

describe('an alignment', () => {
  it('is a list of segments, as text or as JSON', () => {
    const segments = [
      { startSeconds: 0, endSeconds: 0.12, label: 'sil' },
      { startSeconds: 0.12, endSeconds: 0.3, label: 'a:b' },
    ];
    expect(parseAlignment('0-0.12:sil; 0.12-0.3:a:b', place)).toEqual(segments);
    expect(parseAlignment('[[0, 0.12, "sil"], [0.12, 0.3, "a:b"]]', place)).toEqual(segments);
    expect(parseAlignment('  ', place)).toBeUndefined();
  });

  it.each([
    ['0-0.1', /m\.csv:7: 'alignment' cannot be read\. Expected start-end:label/],
    ['[[0, 1]]', /cannot be read/],
    ['[0, 1', /cannot be read/],
    ['0.2-0.1:a', /invalid segment from 0\.2 to 0\.1 s/],
    ['0-0.2:a;0.1-0.3:b', /the segment at 0\.1 s overlaps the one before it/],
  ])('that is none is an error with the line: %s', (cell, message) => {
    expect(() => parseAlignment(cell, place)).toThrow(message);
  });

  it('makes frames speech, silence, or a boundary where a step holds an edge', () => {
    // Silence to 0.1 s, two phones to 0.2 and 0.3 s, then nothing.
    const segments = parseAlignment('0-0.1:SIL;0.1-0.2:a;0.2-0.3:b', place) ?? [];
    // Edges at 100, 200 and 300 ms: in the steps of the frames 5, 10 and 15.
    expect(letters(regionsOfAlignment(segments, grid(20)))).toBe('.....|++++|++++|....');
    const fromStart = parseAlignment('0-0.05:a', place) ?? [];
    expect(letters(regionsOfAlignment(fromStart, grid(5)))).toBe('++|..');
  });
});

describe('energy', () => {
  const random = randomStream(1, 'noise');
  const noise = (seconds: number, level: number): number[] =>
    Array.from({ length: seconds * 16000 }, () => level * random.normal());

  it.each([
    ['digital silence', 0],
    ['a noise floor 20 dB below', 0.02],
  ])('tells speech from %s, with a boundary on both sides of each change', (_what, floor) => {
    const samples = Float32Array.from([...noise(0.2, floor), ...noise(0.4, 0.2), ...noise(0.2, floor)]);
    const regions = regionsOfEnergy(samples, grid(40));
    expect(regions.slice(0, 9)).toEqual(Array(9).fill('silence'));
    expect(regions.slice(9, 11)).toEqual(['boundary', 'boundary']);
    expect(regions.slice(11, 29)).toEqual(Array(18).fill('speech'));
    expect(regions.slice(29, 31)).toEqual(['boundary', 'boundary']);
    expect(regions.slice(31)).toEqual(Array(9).fill('silence'));
  });

  it('finds no silence in a sound of even level', () => {
    expect(countRegions(regionsOfEnergy(Float32Array.from(noise(0.6, 0.1)), grid(30)))).toEqual({
      speech: 30,
      silence: 0,
      boundary: 0,
    });
  });

  it('is counted under a mask', () => {
    const regions: Region[] = ['speech', 'silence', 'boundary', 'speech'];
    expect(countRegions(regions, Uint8Array.of(1, 0, 1, 1))).toEqual({ speech: 2, silence: 0, boundary: 1 });
  });
});

/** @file Records name files as they are named everywhere. */
import { describe, expect, it } from 'vitest';
import { isMachinePath, recordedPath } from './places.js';

describe('recordedPath', () => {
  it.each([
    ['runs/tiny', 'runs/tiny'],
    ['random:tiny', 'random:tiny'],
    ['hf:facebook/wav2vec2-base@main', 'hf:facebook/wav2vec2-base@main'],
    ['/home/ann/speech/runs/tiny', 'runs/tiny'],
    ['/home/ann/speech', 'speech'],
    ['/data/speech/ks.csv', 'ks.csv'],
    ['/home/ann/speeches/ks.csv', 'ks.csv'],
    ['C:\\speech\\ks.csv', 'ks.csv'],
  ])('names %s as %s, seen from /home/ann/speech', (path, recorded) => {
    expect(recordedPath(path, '/home/ann/speech')).toBe(recorded);
    expect(isMachinePath(recorded)).toBe(false);
  });
});

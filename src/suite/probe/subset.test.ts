/** @file The part of a task's data that probes use. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Utterance } from '../../data/rows.js';
import { probeData } from './subset.js';

const task = { name: 'ks', classes: ['label'] };
const utterance = (split: string, i: number, label: string): Utterance => ({
  ...{ id: `${split}${i}`, path: `${i}.wav`, split, line: i + 2, manifest: 'ks.csv' },
  columns: { label },
});
const labelled = (split: string, labels: readonly string[]): Utterance[] =>
  labels.map((label, i) => utterance(split, i, label));

describe('the data of a probe', () => {
  it('is all there is where that is few', () => {
    const data = { train: labelled('train', ['a', 'b']), dev: labelled('dev', ['a']) };
    expect(probeData(task, data, 2)).toEqual(data);
  });

  it('has no more utterances than asked for, of as many classes as there is room for, evenly, in their own order', () => {
    const labels = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(labels, fc.integer({ min: 1, max: 40 }), (given, most) => {
        const train = labelled('train', given);
        const { train: some } = probeData(task, { train, dev: train }, most);
        expect(some).toHaveLength(Math.min(most, given.length));
        expect(train.filter((each) => some.includes(each))).toEqual(some);
        const counts = [...new Set(given)].map((label) => ({
          there: given.filter((each) => each === label).length,
          taken: some.filter(({ columns }) => columns.label === label).length,
        }));
        const largest = Math.max(...counts.map(({ taken }) => taken));
        // A class with fewer than the others gave all that it has.
        for (const { there, taken } of counts)
          expect(taken).toBeGreaterThanOrEqual(Math.min(there, largest - 1));
      }),
    );
  });

  it('is the same whenever it is drawn', () => {
    const train = labelled(
      'train',
      Array.from({ length: 50 }, (_, i) => 'abc'[i % 3] as string),
    );
    expect(probeData(task, { train, dev: train }, 10)).toEqual(probeData(task, { train, dev: train }, 10));
  });

  it('judges no class that was not learnt, and says so where nothing is left', () => {
    const train = labelled('train', ['a', 'b']);
    const dev = labelled('dev', ['c', 'a', 'b']);
    expect(probeData(task, { train, dev }, 2).dev.map(({ columns }) => columns.label)).not.toContain('c');
    expect(() => probeData(task, { train, dev: labelled('dev', ['c']) }, 2)).toThrow(
      /the task 'ks' has no dev utterance of a class that its 2 train utterances have.*--probe-limit/,
    );
  });
});

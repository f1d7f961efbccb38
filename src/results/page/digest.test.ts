/** @file Predictions boiled down as a stream. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asr } from '../../../tasks/asr/index.js';
import { ks } from '../../../tasks/ks/index.js';
import type { Task } from '../../api/task.js';
import { newRecord } from '../records.fixture.js';
import { writeRecord } from '../store.js';
import { worstConfusion } from './confusion.js';
import { digestPredictions, hardestIds, linesOf } from './digest.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-digest-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('a digest', () => {
  it('counts confusions and errors over more lines than are judged at once', async () => {
    // Every third `go` is taken for `up`; the reference turns from go to up and back.
    const lines = Array.from({ length: 9000 }, (_, i) => {
      const reference = i % 2 === 0 ? 'go' : 'up';
      return { id: `u${i}`, reference, prediction: i % 6 === 0 ? 'up' : reference };
    });
    const stored = await writeRecord(folder, newRecord({ task: { name: 'ks', version: 1 } }), lines);
    const errors = new Map<string, number>();
    const digest = await digestPredictions(stored, ks, errors);
    expect(digest).toMatchObject({ utterances: 9000, edits: undefined });
    expect(worstConfusion(digest.confusions.get('label') ?? new Map())).toEqual({
      classes: ['go', 'up'],
      counts: [
        [3000, 1500],
        [0, 4500],
      ],
      all: 2,
      shown: 2,
    });
    expect([...errors.values()].reduce((sum, error) => sum + error, 0)).toBe(1500);
    expect(hardestIds(errors, 2)).toEqual(['u0', 'u6']);
    expect([...(await linesOf(stored, new Set(['u6']))).values()]).toEqual([lines[6]]);
  });

  it('counts confusions and wrong labels of a task that is judged by a statistic', async () => {
    const task: Task = {
      ...ks,
      metrics: [{ name: 'f1', direction: 'higher', kind: 'statistic' }],
      evaluate: () => {
        throw new Error('not judged: no row has a part of a statistic');
      },
    };
    const lines = ['go', 'up', 'up'].map((prediction, i) => ({ id: `u${i}`, prediction, reference: 'go' }));
    const stored = await writeRecord(folder, newRecord({ task: { name: 'ks', version: 1 } }), lines);
    const errors = new Map<string, number>();
    const { confusions } = await digestPredictions(stored, task, errors);
    expect(confusions.get('label')?.get('go')?.get('up')).toBe(2);
    expect(hardestIds(errors, 5)).toEqual(['u1', 'u2']);
  });

  it('counts edits of texts, and adds errors up over encoders', async () => {
    const lines = [
      { id: 'a', reference: 'ONE TWO THREE', prediction: 'ONE TOO' },
      { id: 'b', reference: 'FOUR', prediction: 'FOUR FIVE' },
      { id: 'c', reference: 'SIX', prediction: 'SIX' },
    ];
    const stored = await writeRecord(folder, newRecord(), lines);
    const errors = new Map([['c', 5]]);
    const { edits, confusions } = await digestPredictions(stored, asr, errors);
    expect(edits).toEqual({ hits: 3, substitutions: 1, deletions: 1, insertions: 1 });
    expect(confusions.size).toBe(0);
    expect(hardestIds(errors, 10)).toEqual(['c', 'a', 'b']);
  });
});

describe('the worst confusions', () => {
  it('join the classes with the fewest errors, and lose no count', () => {
    const counts = new Map([
      ['a', new Map([['a', 5]])],
      ['b', new Map([['c', 4]])],
      [
        'd',
        new Map([
          ['d', 2],
          ['a', 1],
        ]),
      ],
    ]);
    expect(worstConfusion(counts, 2)).toEqual({
      classes: ['b', 'c', '2 others'],
      counts: [
        [0, 4, 0],
        [0, 0, 0],
        [0, 0, 8],
      ],
      all: 4,
      shown: 2,
    });
  });
});

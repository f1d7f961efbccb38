/** @file What the batches of pooled heads draw: epochs, crops of one utterance, balanced classes. */
import { expect, test } from 'vitest';
import type { Engine } from '../../engine/engine.js';
import { heldFeatures, workOf } from '../toy-work.fixture.js';
import { epochLength, trainingBatches } from './batches.js';

/** The rows of train that are drawn: each one's mean is its number. */
function drawn(options: {
  readonly labels: readonly string[];
  readonly sources?: readonly string[];
  readonly drawing: 'epochs' | 'balanced';
  readonly draws: number;
}): number[] {
  const { labels, sources, drawing, draws } = options;
  const features = heldFeatures(
    1,
    1,
    labels.map((_, i) => Float32Array.of(i)),
  );
  const references = { train: labels.map((label) => ({ label })), dev: [], test: [] };
  const judge = { metric: { name: 'accuracy', direction: 'higher' }, score: () => 0 } as const;
  const work = {
    ...workOf({} as Engine, features, references, judge),
    ...(sources && { trainSources: sources }),
  };
  if (sources !== undefined) expect(epochLength(work)).toBe(new Set(sources).size);
  const slots = [{ column: 'label', classes: [...new Set(labels)] }];
  const batches = trainingBatches(work, slots, { batchSize: draws, drawing }, features.read)({ seed: 1 });
  return Array.from(batches(0, 1).means.data);
}

test('an epoch takes one crop of every utterance, and in time all of them', () => {
  const labels = ['a', 'a', 'a', 'b', 'c'];
  const sources = ['x', 'x', 'x', 'y', 'z'];
  const rows = drawn({ labels, sources, drawing: 'epochs', draws: 300 });
  for (let epoch = 0; epoch < 100; epoch++) {
    const names = rows.slice(3 * epoch, 3 * epoch + 3).map((row) => sources[row]);
    expect(new Set(names)).toEqual(new Set(['x', 'y', 'z']));
  }
  expect(new Set(rows)).toEqual(new Set([0, 1, 2, 3, 4]));
});

test('without crops an epoch takes every utterance', () => {
  const rows = drawn({ labels: ['a', 'b', 'b', 'b'], drawing: 'epochs', draws: 8 });
  expect([...rows.slice(0, 4)].sort()).toEqual([0, 1, 2, 3]);
  expect([...rows.slice(4)].sort()).toEqual([0, 1, 2, 3]);
});

test('balanced draws take every class as often, and of a class every utterance, whatever its crops', () => {
  const labels = ['a', ...Array.from({ length: 9 }, () => 'b'), 'c', 'c', 'c', 'c'];
  const sources = labels.map((label, i) => (label === 'c' && i < 13 ? 'c-long' : `${i}`));
  const rows = drawn({ labels, sources, drawing: 'balanced', draws: 6000 });
  const count = (fits: (row: number) => boolean): number => rows.filter(fits).length / rows.length;
  // Standard error 0.006.
  for (const label of ['a', 'b', 'c']) expect(count((row) => labels[row] === label)).toBeCloseTo(1 / 3, 1);
  expect(count((row) => row === 13)).toBeCloseTo(1 / 6, 1);
  expect(count((row) => row === 10)).toBeCloseTo(1 / 18, 1);
});

test('an epoch takes the next crop of an utterance: none comes again before all of them did', () => {
  const labels = ['a', 'a', 'a', 'b', 'c'];
  const sources = ['x', 'x', 'x', 'y', 'z'];
  const rows = drawn({ labels, sources, drawing: 'epochs', draws: 90 }).filter((row) => sources[row] === 'x');
  expect(rows).toHaveLength(30);
  const turns = Array.from({ length: 10 }, (_, turn) => rows.slice(3 * turn, 3 * turn + 3));
  for (const turn of turns) expect(new Set(turn)).toEqual(new Set([0, 1, 2]));
  expect(new Set(turns.map((turn) => turn.join())).size).toBeGreaterThan(1);
});

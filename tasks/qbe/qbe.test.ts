/** @file Query by example as a task: what it judges, and which ground truth. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeMelodies } from '../../src/suite/melodies.fixture.js';
import { planTask } from '../../src/suite/plan.js';
import { qbe } from './index.js';

const row = ([query, document, target, score]: readonly [string, string, string, string], truth = {}) => ({
  id: `${query} ${document}`,
  prediction: { score },
  reference: { query, document, target, ...truth },
});

test('judges pairs of the file alone, or a greater ground truth that the file tells of', () => {
  const pairs = [
    ['a', 'x', '1', '2.5'],
    ['a', 'y', '0', '0.1'],
    ['b', 'x', '0', '-1'],
    ['b', 'y', '1', '1.5'],
  ] as const;
  expect(qbe.evaluate(pairs.map((pair) => row(pair))).mtwv?.value).toBe(1);
  // Of 10 queries that occur anywhere only a and b were searched; a occurs in a document that was not.
  const truth = (query: string) => ({
    'truth.queries': '10',
    'truth.occurrences': query === 'a' ? '2' : '1',
    'truth.others': '98',
  });
  const all = pairs.map((pair) => row(pair, truth(pair[0])));
  expect(qbe.evaluate(all).mtwv?.value).toBeCloseTo((0.5 + 1) / 10, 12);
  const broken = pairs.map((pair) => row(pair, { ...truth(pair[0]), 'truth.others': 'many' }));
  expect(() => qbe.evaluate(broken)).toThrow(
    /invalid value for 'truth.others' of 'a x': expected a whole number, got 'many'/,
  );
});

test('lowers the level of audio with the preset superb, as s3prl does, and not with clean', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ehmam-qbe-task-'));
  try {
    const wanted = { name: 'qbe', ...(await writeMelodies(folder)) };
    const superb = await planTask(wanted, { preset: 'superb' });
    expect([superb.preset, superb.head.reading.gainDecibels]).toEqual(['superb', -3]);
    expect((await planTask(wanted)).head.reading.gainDecibels).toBeUndefined();
  } finally {
    await rm(folder, { recursive: true });
  }
});

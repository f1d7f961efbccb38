/** @file Folds that a plug-in gives: each with a head, and refused where they are no cross-validation. */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { dataOf } from '../../tasks/data.fixture.js';
import { ks } from '../../tasks/ks/index.js';
import type { Fold, Task, TaskData } from '../api/task.js';
import { fileOfFold, planFolds, removeCheckpoints } from './folds.js';

const data = dataOf(
  Array.from({ length: 8 }, (_, i) => ({ split: 'train', columns: { label: i % 2 === 0 ? 'a' : 'b' } })),
);
/** Two halves, each tested by what was learnt on the other. */
const halves = ({ train }: TaskData): Fold[] =>
  [train.slice(0, 4), train.slice(4)].map((own, i, both) => {
    const other = both[1 - i] ?? [];
    return { name: `half ${i}`, data: { train: other.slice(0, 2), dev: other.slice(2), test: own } };
  });
const taskOf = (folds: (data: TaskData) => readonly Fold[]): Task => ({ ...ks, name: 'halved', folds });
const changed = (change: (folds: Fold[]) => readonly Fold[]): Task => taskOf((all) => change(halves(all)));

test('a head is planned for each fold, from its own data', () => {
  const folds = planFolds(taskOf(halves), data);
  expect(folds?.map(({ name, spec }) => [name, spec])).toEqual(
    [0, 1].map((i) => [
      `half ${i}`,
      { kind: 'pooled-linear', slots: [{ column: 'label', classes: ['a', 'b'] }] },
    ]),
  );
  expect(planFolds(ks, data)).toBeUndefined();
});

test.each([
  ['none', changed(() => []), /the list is empty/],
  [
    'two of a name',
    changed((folds) => folds.map((fold) => ({ ...fold, name: 'one' }))),
    /duplicate fold 'one'/,
  ],
  [
    'an empty split',
    changed((folds) => folds.map((fold) => ({ ...fold, data: { ...fold.data, dev: [] } }))),
    /fold 'half 0' has no dev utterances/,
  ],
  [
    'an utterance of its own',
    changed(([first, second]) => {
      const test = [...dataOf([{ split: 'test', columns: { label: 'a' } }]).test].map((one) => ({
        ...one,
        id: 'new',
      }));
      return first && second ? [{ ...first, data: { ...first.data, test } }, second] : [];
    }),
    /fold 'half 0' contains 'new', which is not in the data/,
  ],
  [
    'an utterance tested twice',
    changed(([first, second]) =>
      first && second ? [first, { ...second, data: { ...second.data, test: first.data.test } }] : [],
    ),
    /'u2' is in the test split of two folds/,
  ],
])('are refused with %s', (_, task, message) => {
  expect(() => planFolds(task, data)).toThrow(message);
});

test('every fold has a file of its own, and all checkpoints go', async () => {
  const names = [0, 1, 2].map((fold) => fileOfFold('head.checkpoint.safetensors', fold));
  expect(names).toEqual([
    'head.checkpoint.safetensors',
    'head-2.checkpoint.safetensors',
    'head-3.checkpoint.safetensors',
  ]);
  const folder = await mkdtemp(join(tmpdir(), 'ehmam-folds-'));
  try {
    for (const name of [...names, 'head.safetensors', 'head-2.safetensors', 'record.json'])
      await writeFile(join(folder, name), '');
    await removeCheckpoints(folder);
    expect((await readdir(folder)).sort()).toEqual(['head-2.safetensors', 'head.safetensors', 'record.json']);
    await removeCheckpoints(join(folder, 'not-there'));
  } finally {
    await rm(folder, { recursive: true });
  }
});

/** @file Logs for TensorBoard: a file a process, which takes the place of what an earlier one said of the same updates. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type EventContent, eventRecord } from '../formats/event-file.js';
import { scalarLog } from './scalar-log.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-scalars-'));
});
afterEach(() => rm(folder, { recursive: true }));

const bytes = (
  ...events: readonly (readonly [time: number, step: number, content: EventContent])[]
): Buffer =>
  Buffer.concat(events.map(([wallTime, step, content]) => eventRecord({ wallTime, step, content })));
const scalars = (values: Record<string, number>): EventContent => ({ kind: 'scalars', values });

it('writes nothing before the first value, and says from which update on it counts', async () => {
  let time = 1_700_000_000_000;
  const place = join(folder, 'run', 'seed-1');
  const log = scalarLog(place, () => time);
  log(1, { loss: Number.NaN });
  expect(await readdir(folder)).toEqual([]);
  time += 1000;
  log(7, { loss: 0.5, rate: Number.POSITIVE_INFINITY });
  log(8, { loss: 0.25 });
  const [name, ...others] = await readdir(place);
  expect(others).toEqual([]);
  expect(name).toMatch(/^events\.out\.tfevents\.1700000001\.000\./);
  expect(await readFile(join(place, name as string))).toEqual(
    bytes(
      [1_700_000_001, 0, { kind: 'version' }],
      [1_700_000_001, 7, { kind: 'start' }],
      [1_700_000_001, 7, scalars({ loss: 0.5 })],
      [1_700_000_001, 8, scalars({ loss: 0.25 })],
    ),
  );
});

it('gives a training that goes on a later file', async () => {
  for (const [time, update] of [
    [999_999_999_999, 1],
    [1_000_000_000_000, 5],
  ] as const) {
    const log = scalarLog(folder, () => time);
    log(update, { loss: 1 });
  }
  const names = await readdir(folder);
  expect(names.sort().map((name) => name.slice(20, 34))).toEqual(['0999999999.999', '1000000000.000']);
});

it('names a folder that cannot be written', async () => {
  await writeFile(join(folder, 'file'), '');
  const log = scalarLog(join(folder, 'file', 'run'));
  expect(() => log(1, { loss: 1 })).toThrow('file');
});

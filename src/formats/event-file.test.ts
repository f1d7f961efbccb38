/** @file Event files byte for byte as TensorBoard writes them: test/fixtures/scripts/tensorboard_events.py made the fixture. */
import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { type EventRecord, eventRecord } from './event-file.js';

it('writes the bytes that TensorBoard writes', async () => {
  const scalars = (values: Record<string, number>) => ({ kind: 'scalars', values }) as const;
  const events: EventRecord[] = [
    { wallTime: 1_700_000_000.25, step: 0, content: { kind: 'version' } },
    { wallTime: 1_700_000_000.5, step: 3, content: { kind: 'start' } },
    { wallTime: 1_700_000_001, step: 3, content: scalars({ loss: 0.5, 'dev/metric': 1e-3 }) },
    { wallTime: 1_700_000_002, step: 400_000, content: scalars({ loss: -2.5e10 }) },
    { wallTime: 1_700_000_003, step: 2 ** 40, content: scalars({ Größe: 0 }) },
  ];
  expect(Buffer.concat(events.map(eventRecord)).toString('hex')).toBe(
    (await readFile('test/fixtures/tensorboard/events.tfevents')).toString('hex'),
  );
});

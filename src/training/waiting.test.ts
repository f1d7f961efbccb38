/** @file What counts as waiting for input, and inputs that are made ahead. */
import { expect, it } from 'vitest';
import { inputThreads } from '../data/input-threads.js';
import { inputsAhead } from './inputs-ahead.js';
import { waitingClock, waitingText } from './waiting.js';

it('the share of waiting is that of each round, and of all rounds but the first', async () => {
  let now = 0;
  const waiting = waitingClock(() => now);
  const round = async (waits: number, works: number): Promise<number> => {
    await waiting.for(
      Promise.resolve().then(() => {
        now += waits;
      }),
    );
    now += works;
    return waiting.share();
  };
  expect(await round(30, 70)).toBeCloseTo(0.3, 12);
  // The first one loads and compiles.
  expect(waiting.shareInAll()).toBe(0);
  expect(await round(0, 40)).toBe(0);
  expect(await round(30, 30)).toBeCloseTo(0.5, 12);
  expect(waiting.shareInAll()).toBeCloseTo(0.3, 12);
  expect(waitingText(waiting.shareInAll())).toBe('input 30 %');
  await expect(waiting.for(Promise.reject(new Error('no audio')))).rejects.toThrow('no audio');
});

it('inputs are made one update ahead, and an error comes when its update does', async () => {
  const made: number[] = [];
  const inputs = inputsAhead(async (update) => {
    made.push(update);
    if (update === 2) throw new Error('no audio');
    return 10 * update;
  });
  expect(await inputs.of(0)).toBe(0);
  inputs.begin(1);
  expect(made).toEqual([0, 1]);
  expect(await inputs.of(1)).toBe(10);
  inputs.begin(2);
  await expect(inputs.of(2)).rejects.toThrow('no audio');
  inputs.begin(4);
  expect(await inputs.of(3)).toBe(30);
  expect(made).toEqual([0, 1, 2, 4, 3]);
});

it('input is made by few threads where the processors compute, by more for a device', () => {
  expect(inputThreads({ provider: 'cpu' })).toEqual({ decoding: 2, noise: 1 });
  const { decoding, noise } = inputThreads({ provider: 'cuda' });
  expect(decoding).toBeGreaterThanOrEqual(2);
  expect(decoding).toBeLessThanOrEqual(8);
  expect(noise).toBeGreaterThanOrEqual(1);
});

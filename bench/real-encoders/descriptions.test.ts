/** @file The descriptions of the models that packages carry. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readDescription } from '../../src/encoders/onnx/description.js';

const folder = 'bench/real-encoders/descriptions';

it('are descriptions that are read without complaint', async () => {
  const names = await readdir(folder);
  expect(names.sort()).toEqual(['openwakeword.json', 'resemblyzer.json', 'silero-vad.json']);
  const read = await Promise.all(names.map((name) => readDescription(join(folder, name))));
  expect(read.map(({ name }) => name)).toEqual(['openwakeword', 'resemblyzer', 'silero-vad']);
  // Resemblyzer's hparams.py: 40 bins of 25 ms every 10 ms, -30 dBFS at least.
  expect(read[1]).toMatchObject({
    frontEnd: { bins: 40, windowSamples: 400, hopSamples: 160, log: 'none' },
    normalization: { decibels: -30, onlyIncrease: true },
  });
});

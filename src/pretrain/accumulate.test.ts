/** @file A batch in parts trains as the whole batch does, and stops and fails as it does. */
import { afterAll, describe, expect, it } from 'vitest';
import { withChanges } from '../base/changed-settings.js';
import { floatsOf, type HostParameters } from '../base/host-tensor.js';
import { distance, engineUnderTest } from '../engine/engines.fixture.js';
import { watched } from '../engine/watched.fixture.js';
import { readSafetensors } from '../formats/safetensors.js';
import { type PretrainConfig, pretrainSchema } from './config.js';
import { runFolder } from './run-folder.js';
import {
  convConfig,
  droppingConfig,
  logOf,
  melConfig,
  trainingEngine,
  trainingPlace,
  weightsOf,
} from './training.fixture.js';

const { outOf, train, interrupt, remove } = await trainingPlace('accumulate');
afterAll(remove);

const parametersOf = async (name: string): Promise<HostParameters> =>
  (await readSafetensors(runFolder(outOf(name)).student)).tensors;

describe.each([
  ['log-mel frames', melConfig],
  ['waveform convolutions', convConfig],
  ['dropout and layers left out', droppingConfig],
  ['a ranking loss that is summed', { ...melConfig, ranking: { weight: 1, form: 'sum' as const } }],
  ['clipped gradients', { ...convConfig, optimizer: { ...convConfig.optimizer, clipNorm: 0.1 } }],
])('two parts of two crops, on %s', (name, config) => {
  const cropSeconds = [0.35];
  const whole = { ...config, batch: { size: 4, cropSeconds } };
  const parts = { ...config, batch: { size: 2, accumulate: 2, cropSeconds } };

  it('give the losses and weights of a batch of four, within rounding', async () => {
    await train(`${name}, whole`, whole);
    await train(`${name}, parts`, parts);
    const [log, expected] = [await logOf(outOf(`${name}, parts`)), await logOf(outOf(`${name}, whole`))];
    expect(log).toHaveLength(config.optimizer.steps);
    for (const [i, line] of log.entries()) {
      const { loss, reconstruction, ranking, gradientNorm, maskedFraction } = expected[i] as typeof line;
      expect(line.loss / loss).toBeCloseTo(1, 4);
      expect(line.reconstruction / reconstruction).toBeCloseTo(1, 4);
      expect(line.ranking / ranking).toBeCloseTo(1, 4);
      expect(line.gradientNorm / gradientNorm).toBeCloseTo(1, 3);
      expect(line.maskedFraction).toBe(maskedFraction);
    }
    const [trained, wanted] = [await parametersOf(`${name}, parts`), await parametersOf(`${name}, whole`)];
    for (const [key, tensor] of Object.entries(trained)) {
      const other = wanted[key] as typeof tensor;
      // Adam's first updates are the rate times a sign: where a gradient is near 0 rounding decides it.
      expect(distance(tensor, other), key).toBeLessThan(2 * config.optimizer.steps * 1e-3);
      const sum = floatsOf(tensor).reduce((all, x, i) => all + (x - (floatsOf(other)[i] as number)) ** 2, 0);
      expect(Math.sqrt(sum / floatsOf(tensor).length), key).toBeLessThan(1e-4);
    }
  });

  it('go on to the same bytes where they were stopped', async () => {
    const stopped = `${name}, stopped`;
    expect(await interrupt(stopped, parts, 3)).toMatchObject({ steps: 3 });
    expect(await train(stopped, parts, { resume: true })).toMatchObject({ finished: true });
    expect(await logOf(outOf(stopped))).toEqual(await logOf(outOf(`${name}, parts`)));
    expect(await weightsOf(outOf(stopped))).toEqual(await weightsOf(outOf(`${name}, parts`)));
  });
});

const inParts: PretrainConfig = { ...melConfig, batch: { size: 1, accumulate: 3, cropSeconds: [0.3, 0.4] } };

it('the engine holds nothing any more of a run in parts that has ended, whatever its end', async () => {
  const { engine, held } = watched(await trainingEngine());
  const ends: [string, Partial<PretrainConfig>][] = [
    ['held finished', {}],
    ['held collapsed', { collapse: { targetVariance: 1000, predictionVariance: 0 } }],
    ['held not finite', { optimizer: { ...melConfig.optimizer, learningRate: 1e38 } }],
  ];
  for (const [name, change] of ends) {
    await train(name, { ...inParts, ...change }, { engine }).catch(() => undefined);
    expect(await held(), name).toBe(0);
  }
  const failing: typeof engine = {
    ...engine,
    compile: (fn, options) => {
      const program = engine.compile(fn, options);
      if (options.name !== 'further student part') return program;
      return { ...program, run: () => Promise.reject(new Error('no memory')) };
    },
  };
  await expect(train('held failed', inParts, { engine: failing })).rejects.toThrow('no memory');
  expect(await held()).toBe(0);
});

it('a run in parts whose state lies on a device gives the numbers of the processor', async () => {
  await train('on the processor', inParts);
  const { engine, held } = watched(await engineUnderTest('device'));
  await train('on a device', inParts, { engine });
  expect(await held()).toBe(0);
  const [log, expected] = [await logOf(outOf('on a device')), await logOf(outOf('on the processor'))];
  // A rank may change by rounding.
  for (const [i, line] of log.entries())
    for (const [name, value] of Object.entries(line).filter(([key]) => !key.endsWith('Correlation')))
      expect(value, name).toBeCloseTo(expected[i]?.[name as keyof typeof line] as number, 4);
});

it('a folder of another number of parts is not gone on with, and settings of one part have no name for it', async () => {
  const oneStep = { ...inParts, optimizer: { ...inParts.optimizer, steps: 1 } };
  await train('parts of it', oneStep);
  const other = { ...oneStep, batch: { ...oneStep.batch, accumulate: 2 } };
  await expect(train('parts of it', other, { resume: true })).rejects.toThrow(
    'batch.accumulate (3 there, 2 here)',
  );
  expect(pretrainSchema.parse(melConfig).batch).not.toHaveProperty('accumulate');
});

it('--set batch.accumulate asks for it', () => {
  const set = (value: unknown) =>
    withChanges(melConfig, [{ key: 'batch.accumulate', value }], pretrainSchema);
  expect(set(4).batch).toMatchObject({ size: 2, accumulate: 4 });
  expect(() => set(0)).toThrow('batch.accumulate');
});

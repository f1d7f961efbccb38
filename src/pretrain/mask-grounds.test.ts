/** @file A strategy is given what it asks for: the actual loss of every frame, and its energy. */
import { afterAll, describe, expect, it } from 'vitest';
import { engineUnderTest } from '../engine/engines.fixture.js';
import type { PretrainConfig } from './config.js';
import { type MaskingNeed, type MaskRequest, maskings } from './masking/index.js';
import { random } from './masking/random.js';
import {
  convConfig,
  droppingConfig,
  logOf,
  melConfig,
  trainingPlace,
  weightsOf,
} from './training.fixture.js';

const { outOf, train, interrupt, remove } = await trainingPlace('grounds');
afterAll(remove);

/** A strategy that masks at random and keeps what it was given. */
function recorder(name: string, needs?: readonly MaskingNeed[]): MaskRequest[] {
  const given: MaskRequest[] = [];
  maskings.register(
    {
      ...random,
      name,
      ...(needs !== undefined && { needs }),
      choose(request) {
        given.push(request);
        return random.choose(request);
      },
    },
    'a test',
  );
  return given;
}

const withMasking = (config: PretrainConfig, strategy: string): PretrainConfig => ({
  ...config,
  masking: { ...config.masking, strategy },
});

describe.each([
  ['log-mel frames', melConfig],
  ['waveform convolutions', convConfig],
  ['dropout and layers left out', droppingConfig],
])('on %s', (name, config) => {
  it('a strategy that needs the actual loss is given that of every frame', async () => {
    const given = recorder(`${name}, loss`, ['actualLoss']);
    await train(`${name}, loss`, withMasking(config, `${name}, loss`));
    expect(given).toHaveLength(config.optimizer.steps);
    for (const { actualLoss = [], predictedLoss, energy } of given) {
      expect(actualLoss.map(({ length }) => length)).toEqual(predictedLoss.map(({ length }) => length));
      for (const row of actualLoss) expect(row.every((loss) => loss > 0)).toBe(true);
      expect(energy).toBeUndefined();
    }
  });

  it('one that needs nothing is given nothing, and trains to the same weights', async () => {
    const given = recorder(`${name}, none`);
    await train(`${name}, none`, withMasking(config, `${name}, none`));
    for (const request of given) {
      expect(request.actualLoss).toBeUndefined();
      expect(request.energy).toBeUndefined();
    }
    expect(await weightsOf(outOf(`${name}, none`))).toEqual(await weightsOf(outOf(`${name}, loss`)));
  });
});

it('the energy of a frame is the mean power of the samples about its middle', async () => {
  const given = recorder('loudness', ['energy']);
  await train('loudness', withMasking({ ...melConfig, batch: { size: 2, cropSeconds: [0.4] } }, 'loudness'));
  for (const { energy = [], lengths } of given) {
    expect(energy.map(({ length }) => length)).toEqual(lengths);
    // Crops have unit variance.
    for (const row of energy) expect(row.reduce((sum, x) => sum + x, 0) / row.length).toBeCloseTo(1, 0);
  }
});

it('the actual losses of a batch in parts are those of the whole batch', async () => {
  const losses = async (name: string, size: number, accumulate?: number): Promise<Float32Array[]> => {
    const given = recorder(name, ['actualLoss']);
    const batch = { size, cropSeconds: [0.35], ...(accumulate !== undefined && { accumulate }) };
    const optimizer = { ...melConfig.optimizer, steps: 1 };
    await train(name, withMasking({ ...melConfig, batch, optimizer }, name));
    return given.flatMap(({ actualLoss = [] }) => actualLoss);
  };
  const [whole, parts] = [await losses('whole', 4), await losses('parts', 2, 2)];
  for (const [row, values] of whole.entries())
    for (const [t, loss] of values.entries()) expect(parts[row]?.[t]).toBeCloseTo(loss, 4);
});

it('a run with an oracle goes on to the same bytes where it was stopped', async () => {
  const config = withMasking(melConfig, 'oracle-hard');
  await train('oracle', config);
  expect(await interrupt('oracle, stopped', config, 3)).toMatchObject({ steps: 3 });
  expect(await train('oracle, stopped', config, { resume: true })).toMatchObject({ finished: true });
  expect(await logOf(outOf('oracle, stopped'))).toEqual(await logOf(outOf('oracle')));
  expect(await weightsOf(outOf('oracle, stopped'))).toEqual(await weightsOf(outOf('oracle')));
});

it('an eager engine gives the same actual losses', async () => {
  const losses = async (engine: 'wasm' | 'onnx'): Promise<Float32Array[]> => {
    const given = recorder(engine, ['actualLoss']);
    const optimizer = { ...melConfig.optimizer, steps: 1 };
    await train(engine, withMasking({ ...melConfig, optimizer }, engine), {
      engine: await engineUnderTest(engine),
    });
    return given.flatMap(({ actualLoss = [] }) => actualLoss);
  };
  const [eager, compiled] = [await losses('wasm'), await losses('onnx')];
  for (const [row, values] of eager.entries())
    for (const [t, loss] of values.entries()) expect(compiled[row]?.[t]).toBeCloseTo(loss, 3);
});

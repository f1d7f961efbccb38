/** @file The pre-training loop: it runs, logs, goes on where it stopped, and stops where going on has no sense. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { sha256OfFile } from '../base/files.js';
import { loadEncoder } from '../encoders/load.js';
import type { Held } from '../engine/engine.js';
import { engineUnderTest } from '../engine/engines.fixture.js';
import type * as tf from '../engine/ops.js';
import { watched } from '../engine/watched.fixture.js';
import type { PretrainConfig } from './config.js';
import { pretrain } from './train.js';
import {
  convConfig,
  droppingConfig,
  interrupting,
  logOf,
  melConfig,
  oneStepConfig,
  trainingEngine,
  trainingPlace,
  weightsOf,
} from './training.fixture.js';

const { outOf, train, interrupt, utterances, folder, remove } = await trainingPlace('pretrain');
afterAll(remove);

const checkpoints = async (name: string): Promise<string[]> =>
  (await readdir(join(outOf(name), 'checkpoints'))).sort();

describe.each([
  ['log-mel frames', melConfig],
  ['waveform convolutions', convConfig],
  ['dropout and layers left out', droppingConfig],
])('a run on %s', (name, config) => {
  it('logs every step, keeps the last checkpoints, and leaves an encoder that can be loaded', async () => {
    const { steps } = config.optimizer;
    expect(await train(name, config)).toMatchObject({ steps, finished: true });
    const log = await logOf(outOf(name));
    expect(log.map(({ step }) => step)).toEqual(Array.from({ length: steps }, (_, i) => i + 1));
    for (const line of log) {
      for (const value of Object.values(line)) expect(Number.isFinite(value)).toBe(true);
      // A hard frame at the very end of a crop this short may be all that is masked.
      expect(line.maskedFraction).toBeGreaterThan(0);
      expect(line.maskedFraction).toBeLessThan(0.6);
    }
    expect(new Set(log.map(({ loss }) => loss)).size).toBe(steps);
    expect(await checkpoints(name)).toEqual([`step-${steps - 2}.safetensors`, `step-${steps}.safetensors`]);
    const encoder = await loadEncoder(outOf(name));
    expect(encoder.dims).toEqual([32, 32, 32]);
    expect(encoder.config).toEqual(config.encoder);
  });

  it('gives the same numbers and weights, to the last digit, when it is interrupted and resumed', async () => {
    const part = `${name}, interrupted`;
    expect(await interrupt(part, config, 3)).toMatchObject({ steps: 3, finished: false });
    expect(await checkpoints(part)).toEqual(['step-2.safetensors', 'step-3.safetensors']);
    expect(await train(part, config, { resume: true })).toMatchObject({ finished: true });
    expect(await logOf(outOf(part))).toEqual(await logOf(outOf(name)));
    expect(await weightsOf(outOf(part))).toEqual(await weightsOf(outOf(name)));
  });
});

describe('a folder', () => {
  const first = 'log-mel frames';

  it('that holds a run is refused without resuming, and is left as it was', async () => {
    const before = await weightsOf(outOf(first));
    await expect(train(first, melConfig)).rejects.toThrow(/already contains a pre-training run\. .*--resume/);
    expect(await weightsOf(outOf(first))).toEqual(before);
    expect(await logOf(outOf(first))).toHaveLength(6);
  });

  it('that holds a run with other settings is not gone on with', async () => {
    const other = { ...melConfig, seed: 4 };
    await expect(train(first, other, { resume: true })).rejects.toThrow(
      /config\.json: the run in this folder has different settings: seed \(3 there, 4 here\)\. .*another --out/,
    );
  });

  it('that holds a run on other data is not gone on with, and is left as it was', async () => {
    const before = await weightsOf(outOf(first));
    const engine = await trainingEngine();
    const fewer = utterances.slice(0, 2);
    const run = {
      config: melConfig,
      utterances: fewer,
      out: outOf(first),
      engine,
      quiet: true,
      resume: true,
    };
    await expect(pretrain(run)).rejects.toThrow(
      "the run in this folder was started on different data: it was started with 5 utterances of 'train' in test.csv, not with 2 utterances",
    );
    expect(await weightsOf(outOf(first))).toEqual(before);
  });

  it('of a finished run is resumed to nothing more, whatever the order of its settings', async () => {
    const before = await logOf(outOf(first));
    const { seed, ...rest } = melConfig;
    const result = await train(
      first,
      { ...rest, seed, batch: { cropSeconds: [0.3, 0.4], size: 2 } },
      { resume: true },
    );
    expect(result).toMatchObject({ steps: 6, finished: true });
    expect(await logOf(outOf(first))).toEqual(before);
  });

  it('without a run is begun anew when it is to be resumed', async () => {
    expect(await train('new', oneStepConfig, { resume: true })).toMatchObject({ steps: 1, finished: true });
  });
});

describe('training stops', () => {
  it('at a number that is not finite, names the tensor, and keeps the last checkpoint', async () => {
    const config = { ...melConfig, optimizer: { ...melConfig.optimizer, learningRate: 1e38 } };
    const run = train('not finite', config);
    await expect(run).rejects.toMatchObject({ exitCode: 1 });
    await expect(run).rejects.toThrow(
      /(loss|reconstruction) is (NaN|Infinity|-Infinity) at step \d \(first tensor with NaN or infinity: [a-z ]+ \S+\); the last checkpoint is kept/,
    );
    // The optimiser's first updates are the learning rate itself: beyond float32 from the second on.
    const log = await logOf(outOf('not finite'));
    expect(log.length).toBeGreaterThanOrEqual(1);
    expect(await readdir(outOf('not finite'))).not.toContain('model.safetensors');
  });

  it('keeps the last checkpoint when a later step is not finite', async () => {
    const name = 'not finite later';
    expect(await interrupt(name, melConfig, 2)).toMatchObject({ steps: 2 });
    const before = await sha256OfFile(join(outOf(name), 'checkpoints', 'step-2.safetensors'));
    const engine = await trainingEngine();
    const poisoned: typeof engine = {
      ...engine,
      compile: (fn, options) => {
        const program = engine.compile(fn, options);
        return {
          ...program,
          run: async (inputs) => {
            const outputs = await program.run(inputs);
            const { targets } = outputs as { targets?: Held<tf.Tensor> };
            if (targets === undefined) return outputs;
            const values = await targets.read();
            values.data.fill(Number.NaN, 5, 6);
            return { ...outputs, targets: engine.hold<tf.Tensor>(values) };
          },
        };
      },
    };
    const options = {
      config: melConfig,
      utterances,
      out: outOf(name),
      engine: poisoned,
      quiet: true,
      resume: true,
    };
    await expect(pretrain(options)).rejects.toThrow(
      'NaN at step 3 (first tensor with NaN or infinity: teacher pass targets); the last checkpoint is kept',
    );
    expect(await checkpoints(name)).toEqual(['step-2.safetensors']);
    expect(await sha256OfFile(join(outOf(name), 'checkpoints', 'step-2.safetensors'))).toEqual(before);
    expect(await train(name, melConfig, { resume: true })).toMatchObject({ finished: true });
    expect(await weightsOf(outOf(name))).toEqual(await weightsOf(outOf('log-mel frames')));
  });

  it('where memory runs out, says what to lower, keeps the last checkpoint, and goes on', async () => {
    const name = 'no memory';
    await interrupt(name, melConfig, 2);
    const engine = await trainingEngine();
    const text = 'student step failed: Failed to allocate memory for requested buffer of size 1';
    const full: typeof engine = {
      ...engine,
      compile: (fn, options) => {
        const program = engine.compile(fn, options);
        if (options.name !== 'student step') return program;
        return { ...program, run: () => Promise.reject(new Error(text)) };
      },
    };
    const run = { config: melConfig, utterances, out: outOf(name), engine: full, quiet: true, resume: true };
    await expect(pretrain(run)).rejects.toThrow(
      `ran out of memory (${text}). Lower batch.size (with as much more of batch.accumulate, updates stay the same) or batch.cropSeconds; the last checkpoint is kept`,
    );
    expect(await train(name, melConfig, { resume: true })).toMatchObject({ finished: true });
    expect(await weightsOf(outOf(name))).toEqual(await weightsOf(outOf('log-mel frames')));
  });

  it('when the networks collapse, once the warm-up is over', async () => {
    const config = { ...melConfig, collapse: { targetVariance: 1000, predictionVariance: 0 } };
    const run = train('collapsed', config);
    await expect(run).rejects.toMatchObject({ exitCode: 1 });
    await expect(run).rejects.toThrow(/representation collapse at step 3: targetVariance [\d.]+ < 1000/);
  });
});

it('the engine holds nothing any more of a run that has ended, whatever its end', async () => {
  const { engine, held } = watched(await trainingEngine());
  const ends: [string, Partial<PretrainConfig>][] = [
    ['held finished', {}],
    ['held collapsed', { collapse: { targetVariance: 1000, predictionVariance: 0 } }],
    ['held not finite', { optimizer: { ...melConfig.optimizer, learningRate: 1e38 } }],
  ];
  for (const [name, change] of ends) {
    const config = { ...melConfig, ...change };
    await train(name, config, { engine }).catch(() => undefined);
    expect(await held(), name).toBe(0);
  }
  const controller = new AbortController();
  const { signal } = controller;
  const stopping = interrupting(engine, 3, () => controller.abort());
  const out = outOf('held interrupted');
  const run = pretrain({ config: melConfig, utterances, out, engine: stopping, quiet: true, signal });
  expect(await run).toMatchObject({ steps: 3, finished: false });
  expect(await held()).toBe(0);
});

it.each([
  [
    'an unknown masking strategy',
    { masking: { ...melConfig.masking, strategy: 'none' } },
    /unknown masking strategy 'none'/,
  ],
  [
    'crops of no frames',
    { batch: { size: 2, cropSeconds: [0.3, 0.03] } },
    /a crop of 0.03 s has fewer than two frames/,
  ],
])('%s is refused before anything is written', async (name, change, message) => {
  await expect(train(name, { ...melConfig, ...change })).rejects.toThrow(message);
  expect(await readdir(folder)).not.toContain(name);
});

it('random masking runs in the same loop, and trains other weights', async () => {
  const config = { ...melConfig, masking: { ...melConfig.masking, strategy: 'random' } };
  await train('random', config);
  const [log, other] = [await logOf(outOf('random')), await logOf(outOf('log-mel frames'))];
  expect(log.every(({ hardShare }) => hardShare === 0)).toBe(true);
  expect(log.map(({ loss }) => loss)).not.toEqual(other.map(({ loss }) => loss));
});

it('an eager engine trains with the same losses', async () => {
  const config = { ...melConfig, optimizer: { ...melConfig.optimizer, steps: 2 } };
  const engine = await engineUnderTest('wasm');
  await train('eager', config, { engine });
  await train('compiled', config);
  const [eager, compiled] = [await logOf(outOf('eager')), await logOf(outOf('compiled'))];
  for (const [i, line] of eager.entries()) expect(line.loss).toBeCloseTo(compiled[i]?.loss as number, 3);
});

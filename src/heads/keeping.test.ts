/** @file A head's training that is interrupted, or killed, ends as one that was not. */
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { asr } from '../../tasks/asr/index.js';
import { ks } from '../../tasks/ks/index.js';
import type { HeadResult, HeadWork, Keeping } from '../api/head-kind.js';
import type { Columns } from '../api/task.js';
import { float32 } from '../base/host-tensor.js';
import { randomMoments } from '../base/moments.fixture.js';
import { randomStream } from '../base/random.js';
import { createEngine } from '../engine/create.js';
import type { Engine, Held } from '../engine/engine.js';
import type { Parameters } from '../engine/tree.js';
import { watched } from '../engine/watched.fixture.js';
import { writeSafetensors } from '../formats/safetensors.js';
import { ctcSettingsSchema } from './frame-ctc/settings.js';
import { trainCtcHeads } from './frame-ctc/training.js';
import { pooledPresets, pooledSettingsSchema } from './pooled-linear/settings.js';
import { trainPooledHeads } from './pooled-linear/training.js';
import { parseSettings } from './settings.js';
import { heldFeatures, type Judge, rowsOf, workOf } from './toy-work.fixture.js';

let folder: string;
let engine: Engine;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-keeping-'));
  engine = await createEngine('onnx', { threads: 1 });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const classes = ['down', 'go', 'up'];
const sizes = { train: 40, dev: 20, test: 20 } as const;
type Score = Judge['score'];
type Change = {
  readonly keeping?: Keeping;
  readonly score?: Score;
  readonly onProgress?: NonNullable<HeadWork['onProgress']>;
};
type Train = (change: Change) => Promise<readonly HeadResult[]>;

const kept = ({ keeping, onProgress }: Change): Pick<HeadWork, 'keepingOf' | 'onProgress'> => ({
  keepingOf: keeping && (() => keeping),
  onProgress,
});

/** References of every split; `next` makes an utterance. */
function splitsOf(next: () => Columns) {
  const of = (size: number): Columns[] => Array.from({ length: size }, next);
  return { train: of(sizes.train), dev: of(sizes.dev), test: of(sizes.test) };
}

const pooledSettings = {
  ...pooledPresets.clean,
  projectionSize: 8,
  batchSize: 10,
  learningRates: [0.1, 0.01, 1e-4],
  maximumUpdates: 44,
  patience: 6,
};

/** Two seeds at three rates, on three noisy clusters. */
const trainPooled =
  (settings: object = {}, seeds: readonly number[] = [1, 2]): Train =>
  async (change) => {
    const random = randomStream(4, 'clusters');
    const utterances: Float32Array[] = [];
    const references = splitsOf(() => {
      const label = utterances.length % 3;
      const mean = (at: number): number => (at % 3 === label ? 1 : 0);
      utterances.push(Float32Array.from({ length: 12 }, (_, at) => random.normal() + mean(at)));
      return { label: classes[label] as string };
    });
    const score: Score = (predictions, wanted) =>
      ks.evaluate(rowsOf(predictions, wanted)).accuracy?.value ?? 0;
    const work = workOf(engine, heldFeatures(2, 6, utterances), references, {
      metric: ks.metrics[0],
      score: change.score ?? score,
    });
    const all = parseSettings(pooledSettingsSchema, { ...pooledSettings, ...settings }, 'ks');
    return trainPooledHeads({ ...work, ...kept(change) }, [{ column: 'label', classes }], all, seeds);
  };

/** Two rates one after the other, with dropout and SpecAugment, on frames of three letters. */
const trainCtc: Train = async (change) => {
  const random = randomStream(9, 'spelling');
  const utterances: Float32Array[] = [];
  const references = splitsOf(() => {
    const text = Array.from({ length: 1 + random.integer(3) }, () => 'ABC'[random.integer(3)]).join('');
    const values = Array.from({ length: 8 * text.length }, (_, i) => {
      const letter = 'ABC'.indexOf(text[Math.floor(i / 8)] ?? '');
      return 0.3 * random.normal() + (i % 4 === letter ? 2 : 0);
    });
    utterances.push(Float32Array.from(values));
    return { text };
  });
  const score: Score = (predictions, wanted) => asr.evaluate(rowsOf(predictions, wanted)).cer?.value ?? 1;
  const work = workOf(engine, heldFeatures(1, 4, utterances), references, {
    metric: asr.metrics[0],
    score: change.score ?? score,
  });
  const specAugment = {
    timeWarpWindow: 2,
    timeMasks: 1,
    timeMaskFrames: 2,
    featureMasks: 1,
    featureMaskDims: 1,
  };
  const settings = { projectionSize: 6, lstmSize: 5, stepSamples: 0, batchSize: 8, specAugment };
  const rates = { learningRates: [2e-2, 5e-3], maximumUpdates: 12, evaluateEvery: 3 };
  const head = asr.head({ train: [], dev: [], test: [] });
  const all = parseSettings(ctcSettingsSchema, { ...settings, ...rates }, 'asr');
  return trainCtcHeads({ ...work, ...kept(change) }, head, all, [1]);
};

const keepingIn = (name: string, change: Partial<Keeping> = {}): Keeping => ({
  file: join(folder, name, 'head.checkpoint.safetensors'),
  origin: { encoder: 'a' },
  everySeconds: 0,
  ...change,
});

/** What a result says, without the time it took. */
const said = (results: readonly HeadResult[]): unknown =>
  results.map(({ earlierSeconds: _, ...result }) => result);

/** An engine whose n-th run of an update fails, where `failing.at` is n. */
function failsAt(inner: Engine, failing: { at: number }): Engine {
  const compile: Engine['compile'] = (fn, options) => {
    const program = inner.compile(fn, options);
    if (!options.name.startsWith('update')) return program;
    let runs = 0;
    return {
      ...program,
      run: async (inputs) => {
        runs++;
        if (runs === failing.at) throw new Error('the device is lost');
        return program.run(inputs);
      },
    };
  };
  return { ...inner, compile };
}

/** A metric that does something at the n-th time it is asked. */
function scoreThat(inner: Score, n: number, act: () => void): Score {
  let asked = 0;
  return (predictions, wanted) => {
    asked++;
    if (asked === n) act();
    return inner(predictions, wanted);
  };
}

const accuracy: Score = (predictions, wanted) =>
  ks.evaluate(rowsOf(predictions, wanted)).accuracy?.value ?? 0;
const cer: Score = (predictions, wanted) => asr.evaluate(rowsOf(predictions, wanted)).cer?.value ?? 1;

describe.each([
  ['pooled heads of two seeds and three rates', trainPooled(), accuracy],
  ['a CTC head of two rates', trainCtc, cer],
] as const)('%s', (name, train, score) => {
  let whole: readonly HeadResult[];
  let looks = 0;
  beforeAll(async () => {
    whole = await train({
      score: (...given) => {
        looks++;
        return score(...given);
      },
    });
  });

  test('kept all the time, are trained as without it', async () => {
    const said: string[] = [];
    const keeping = keepingIn(`${name} kept`, { say: (text) => said.push(text) });
    expect(await train({ keeping })).toEqual(whole);
    expect(said).toEqual([]);
    expect(existsSync(keeping.file)).toBe(true);
  });

  test('interrupted at every look at dev, go on each time to the same end', async () => {
    const ways = ['interrupted', 'killed'] as const;
    for (const way of ways) {
      const said_: string[] = [];
      let starts = 0;
      let results: readonly HeadResult[] | undefined;
      for (; results === undefined; starts++) {
        const interrupt = new AbortController();
        const reason = new Error(way);
        const keeping = keepingIn(`${name} ${way}`, {
          // Interrupted, the state must be written although it is not yet time.
          everySeconds: way === 'interrupted' ? 1000 : 0,
          ...(way === 'interrupted' && { signal: interrupt.signal }),
          say: (text) => said_.push(text),
        });
        // Killed at its second look, a training has kept what followed the first.
        const runs = name.startsWith('pooled') ? 6 : 1;
        const act = (): void => {
          if (way === 'killed') throw reason;
          interrupt.abort(reason);
        };
        results = await train({
          keeping,
          score: scoreThat(score, way === 'killed' ? runs + 1 : 1, act),
        }).catch((error: unknown) => {
          if (error !== reason) throw error;
          return undefined;
        });
        expect(starts).toBeLessThan(looks + 2);
      }
      expect(said(results)).toEqual(said(whole));
      expect(starts).toBeGreaterThan(6);
      expect(said_).toHaveLength(starts - 1);
      expect(results[0]?.earlierSeconds).toBeGreaterThan(0);
    }
  });
});

test('a CTC head killed anywhere between looks at dev ends the same', async () => {
  const whole = await trainCtc({});
  const random = randomMoments('moments');
  for (let kill = 0; kill < 3; kill++) {
    const update = 1 + random.integer(23);
    const keeping = keepingIn(`ctc ${kill}`);
    let updates = 0;
    // The state is on disk after every update: what follows is lost as in a kill.
    const onProgress = (): void => {
      if (++updates > update) throw new Error('killed');
    };
    await expect(trainCtc({ keeping, onProgress })).rejects.toThrow('killed');
    expect(existsSync(keeping.file)).toBe(true);
    expect(said(await trainCtc({ keeping }))).toEqual(said(whole));
  }
});

test('pooled heads are kept between looks at dev that are far apart', async () => {
  const train = trainPooled({ maximumUpdates: 1200, evaluateEvery: 1200, learningRates: [0.01] }, [1]);
  const keeping = keepingIn('far apart');
  const reason = new Error('killed');
  const score = scoreThat(accuracy, 1, () => {
    throw reason;
  });
  await expect(train({ keeping, score })).rejects.toBe(reason);
  const remarks: string[] = [];
  const resumed = await train({ keeping: { ...keeping, say: (text) => remarks.push(text) } });
  const [, update] = /^toy head: resuming from update (\d+)$/.exec(remarks.join()) ?? [];
  expect(Number(update)).toBeGreaterThan(0);
  expect(Number(update)).toBeLessThan(1200);
  // Whole runs of the program: what is left over would need one of its own.
  expect(Number(update) % 64).toBe(0);
  expect(said(resumed)).toEqual(said(await train({})));
});

test('pooled heads are kept whole where runs consume what they are given', async () => {
  const wide = { learningRates: [0.01], projectionSize: 27_000, maximumUpdates: 12 };
  const train = trainPooled(wide, [1]);
  const interrupt = new AbortController();
  const usual = engine;
  let runs = 0;
  const compile: Engine['compile'] = (fn, options) => {
    const program = usual.compile(fn, options);
    if (!options.concurrent) return program;
    const run: typeof program.run = async (inputs) => {
      const outputs = await program.run(inputs);
      const { parameters } = inputs as unknown as { readonly parameters: Held<Parameters> };
      await expect(parameters.read()).rejects.toThrow('was consumed by a run of updates of the toy head');
      runs++;
      if (runs === 2) interrupt.abort();
      return outputs;
    };
    return { ...program, run };
  };
  engine = { ...usual, compile };
  const keeping = keepingIn('consumed', { everySeconds: 1000 });
  const interrupted = train({ keeping: { ...keeping, signal: interrupt.signal } });
  engine = usual;
  await expect(interrupted).rejects.toThrow(/abort/);
  expect(runs).toBe(2);
  expect(said(await train({ keeping }))).toEqual(said(await train({})));
});

test.each([
  ['pooled heads that fit together', trainPooled()],
  ['a pooled head in parts', trainPooled({ projectionSize: 27_000, learningRates: [0.1, 0.01] }, [1])],
  ['a CTC head', trainCtc],
] as const)('the engine holds nothing any more of %s, whatever happens', async (_, train) => {
  const usual = engine;
  const failing = { at: 0 };
  const { engine: watching, held } = watched(failsAt(usual, failing));
  engine = watching;
  try {
    const broken = scoreThat(cer, 1, () => {
      throw new Error('broken');
    });
    await expect(train({ score: broken })).rejects.toThrow('broken');
    expect(await held()).toBe(0);
    const keeping = keepingIn('nothing to write', { signal: AbortSignal.abort(new Error('stopped')) });
    await expect(train({ keeping })).rejects.toThrow('stopped');
    expect(await held()).toBe(0);
    failing.at = 3;
    await expect(train({})).rejects.toThrow('the device is lost');
    failing.at = 0;
    expect(await held()).toBe(0);
    await train({});
    expect(await held()).toBe(0);
  } finally {
    failing.at = 0;
    engine = usual;
  }
});

describe('a checkpoint', () => {
  const train = trainPooled();
  let whole: unknown;
  /** Leaves the checkpoint of a training that was killed at its third look. */
  async function leftBy(name: string, inner = train): Promise<string> {
    const score = scoreThat(accuracy, 13, () => {
      throw new Error('killed');
    });
    await expect(inner({ keeping: keepingIn(name), score })).rejects.toThrow('killed');
    return keepingIn(name).file;
  }
  async function remarkOf(name: string, change: Partial<Keeping> = {}, inner = train): Promise<string> {
    const remarks: string[] = [];
    const keeping = keepingIn(name, { ...change, say: (text) => remarks.push(text) });
    whole ??= said(await train({}));
    expect(said(await inner({ keeping }))).toEqual(inner === train ? whole : said(await inner({})));
    expect(remarks.length).toBeLessThan(2);
    return remarks[0] ?? '';
  }

  test('is gone on from', async () => {
    await leftBy('good');
    expect(await remarkOf('good')).toBe('toy head: resuming from update 8');
  });

  test.each([
    ['cut short', async (file: string) => truncate(file, 500)],
    ['empty', async (file: string) => writeFile(file, '')],
    [
      'of an earlier version',
      async (file: string) =>
        writeSafetensors(
          file,
          { 'parameters/layerWeights': float32([1, 2]) },
          { format: 'ehmam head checkpoint 1', digest: 'a', state: '{"done":8}', hash: 'b' },
        ),
    ],
    [
      'changed in one bit of a value',
      async (file: string) => {
        const bytes = await readFile(file);
        bytes[bytes.length - 30] = (bytes[bytes.length - 30] as number) ^ 4;
        await writeFile(file, bytes);
      },
    ],
    [
      'changed in one digit of its state',
      async (file: string) => {
        const bytes = await readFile(file);
        const at = bytes.indexOf('{\\"update\\":4,');
        expect(at).toBeGreaterThan(0);
        bytes[at + 13] = '5'.charCodeAt(0);
        await writeFile(file, bytes);
      },
    ],
  ])('that is %s is named, and training starts anew', async (what, damage) => {
    const file = await leftBy(what);
    await damage(file);
    expect(await remarkOf(what)).toMatch(
      /head\.checkpoint\.safetensors: .*The toy head starts again from the beginning/,
    );
  });

  test.each([
    ['another encoder', { origin: { encoder: 'b' } }, train, /a different training/],
    ['other settings', {}, trainPooled({ projectionSize: 9 }), /a different training/],
    ['other rates', {}, trainPooled({ learningRates: [0.1, 0.01] }), /a different training/],
    ['other seeds', {}, trainPooled({}, [1, 3]), /of different seeds \(1, 2\)/],
    ['fewer seeds', {}, trainPooled({}, [2]), /of different seeds \(1, 2\)/],
  ] as const)('of %s is not used', async (what, change, inner, message) => {
    await leftBy(what);
    expect(await remarkOf(what, change, inner)).toMatch(message);
  });

  test('of a training that ended gives each of its seeds without an update', async () => {
    const keeping = keepingIn('ended');
    await train({ keeping });
    const remarks: string[] = [];
    const second = trainPooled({}, [2]);
    const asked: number[] = [];
    const score: Score = (...given) => {
      asked.push(1);
      return accuracy(...given);
    };
    const [result] = await second({ keeping: { ...keeping, say: (text) => remarks.push(text) }, score });
    expect(asked).toEqual([]);
    expect(remarks[0]).toMatch(/resuming from update \d+/);
    whole ??= said(await train({}));
    expect(said([result as HeadResult])).toEqual([(whole as unknown[])[1]]);
  });

  test('takes away what a killed write left', async () => {
    const file = await leftBy('unfinished');
    await writeFile(join(folder, 'unfinished', '.head.checkpoint.safetensors.123-0123abcd.tmp'), 'half');
    await remarkOf('unfinished');
    expect(await readdir(join(folder, 'unfinished'))).toEqual([file.split('/').at(-1)]);
  });
});

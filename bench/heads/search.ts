/**
 * @file What the search of pooled heads costs at SUPERB's size: KS's 85,000 utterances, 13 layers of 768, random means.
 *
 *   npm run bench:heads -- --updates 128
 *
 * Measures some updates of all seeds and rates together and of one run alone, and says what 20 epochs take at that pace.
 */
import { parseArgs } from 'node:util';
import type { HeadWork } from '../../src/api/head-kind.js';
import type { Columns } from '../../src/api/task.js';
import { randomStream } from '../../src/base/random.js';
import { createEngine } from '../../src/engine/create.js';
import type { Features } from '../../src/features/reader.js';
import { pooledSettingsSchema } from '../../src/heads/pooled-linear/settings.js';
import { trainPooledHeads } from '../../src/heads/pooled-linear/training.js';
import { searchedRates } from '../../src/heads/rates.js';

const { values: options } = parseArgs({
  options: {
    updates: { type: 'string', default: '128' },
    seeds: { type: 'string', default: '5' },
    threads: { type: 'string', default: '2' },
    json: { type: 'boolean', default: false },
  },
});
const [layers, dim, utterances, epochs, batchSize] = [13, 768, 85_000, 20, 32];
/** What s3prl's recipe passes through the encoder for one rate: 200,000 updates of 32 utterances. */
const superbForwards = 200_000 * 32;
const updates = Number(options.updates);
const seeds = Array.from({ length: Number(options.seeds) }, (_, i) => i + 1);
const classes = Array.from({ length: 12 }, (_, i) => `class ${i}`);

/** Random means: a few are held, utterances take turns with them. */
function randomFeatures(): Features {
  const random = randomStream(1, 'random means');
  const held = Array.from({ length: 120 }, () =>
    Float32Array.from({ length: layers * dim }, () => random.normal()),
  );
  return {
    layers,
    dim,
    rows: new Array<number>(utterances).fill(1),
    read: (utterance) => held[utterance % held.length] as Float32Array,
    load: async (utterance) => held[utterance % held.length] as Float32Array,
    bad: new Map(),
    costs: { seconds: 0, encoderFrames: 0 },
    close: async () => {},
  };
}

const labels = (count: number): Columns[] =>
  Array.from({ length: count }, (_, i) => ({ label: classes[i % classes.length] as string }));
const [dev, test] = [128, 128];
const train = utterances - dev - test;
const from = (start: number, count: number): number[] => Array.from({ length: count }, (_, i) => start + i);
const work: HeadWork = {
  engine: await createEngine('onnx', { threads: Number(options.threads) }),
  features: randomFeatures(),
  places: { train: from(0, train), dev: from(train, dev), test: from(train + dev, test) },
  references: { train: labels(train), dev: labels(dev), test: labels(test) },
  metric: { name: 'accuracy', direction: 'higher' },
  score: () => 0,
  hopSamples: 320,
  title: 'random head',
  quiet: true,
};

/** Seconds of an update of all the runs together; what starting costs is measured apart and taken away. */
async function secondsPerUpdate(someSeeds: readonly number[], learningRates: number[]): Promise<number> {
  const timed = async (maximumUpdates: number): Promise<number> => {
    const settings = pooledSettingsSchema.parse({
      batchSize,
      learningRates,
      maximumUpdates,
      evaluateEvery: maximumUpdates,
      patience: 0,
    });
    const started = performance.now();
    await trainPooledHeads(work, [{ column: 'label', classes }], settings, someSeeds);
    return (performance.now() - started) / 1000;
  };
  const [few, many] = [await timed(updates), await timed(3 * updates)];
  return (many - few) / (2 * updates);
}

const together = await secondsPerUpdate(seeds, [...searchedRates]);
const alone = await secondsPerUpdate([1], [1e-3]);
const runs = seeds.length * searchedRates.length;
const total = epochs * Math.ceil(utterances / batchSize);
const result = {
  runs,
  millisecondsPerUpdate: 1000 * together,
  millisecondsPerRunUpdate: (1000 * together) / runs,
  millisecondsAlone: 1000 * alone,
  minutesOfAllEpochs: (together * total) / 60,
  peakMegabytes: process.resourceUsage().maxRSS / 1024,
  encoderForwards: utterances,
  timesFewerForwards: (superbForwards * searchedRates.length) / utterances,
};
if (options.json) console.log(JSON.stringify(result));
else {
  console.log(
    `${runs} runs together: ${result.millisecondsPerUpdate.toFixed(2)} ms an update, ` +
      `${result.millisecondsPerRunUpdate.toFixed(3)} a run; one alone ${result.millisecondsAlone.toFixed(3)} ms`,
  );
  console.log(
    `${epochs} epochs (${total} updates) at this pace: ${result.minutesOfAllEpochs.toFixed(1)} min ` +
      `where no rate is given up, peak ${result.peakMegabytes.toFixed(0)} MB`,
  );
  console.log(
    `${utterances} encoder forwards, ${result.timesFewerForwards.toFixed(0)} times fewer than ` +
      `${searchedRates.length} rates of SUPERB's ${superbForwards / 1e6} M each`,
  );
}

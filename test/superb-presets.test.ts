/** @file The preset superb, task by task: s3prl's numbers and named quirks, and a row of docs/protocol.md for each task. */
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { headKinds } from '../src/heads/registry.js';
import { presetSettings } from '../src/suite/plan.js';
import { builtInTasks } from '../tasks/index.js';

interface Recipe {
  readonly kind: string;
  /** What s3prl's configuration says, and the quirks that are kept. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** What is done to the audio first. */
  readonly reading: Readonly<Record<string, unknown>>;
}

/** Of all recipes: a constant rate, a fixed number of updates, the first of equal checkpoints. */
const trained = { patience: 0, ties: 'first', gradientClip: 1 };
/** Linear 256, mean over time (downstream/utterance_level). */
const pooled = { ...trained, projectionSize: 256, batchSize: 32, learningRates: [1e-4] };
/** CTC on frames as the encoder gives them. */
const frames = { ...trained, schedule: 'constant', stepSamples: 0, standardize: false };
/** downstream/asr/model.py and downstream/specaug.py. */
const recurrent = {
  ...frames,
  ...{ projectionSize: 1024, lstmLayers: 2, lstmSize: 1024, dropout: 0.2, learningRates: [1e-4] },
  ...{ maximumUpdates: 200_000, evaluateEvery: 2000 },
  specAugment: {
    timeWarpWindow: 5,
    timeMasks: 2,
    timeMaskFrames: 40,
    featureMasks: 4,
    featureMaskDims: 50,
  },
};
const softer = { gainDecibels: -3 };

const recipes: Readonly<Record<string, Recipe>> = {
  // downstream/ctc/libriphone.yaml
  pr: {
    kind: 'frame-ctc',
    settings: {
      ...frames,
      ...{ projectionSize: 256, lstmLayers: 0, learningRates: [1e-2], batchSize: 16, accumulation: 2 },
      ...{ maximumUpdates: 100_000, evaluateEvery: 1000, batches: 'buckets', endTokens: ['<eos>'] },
      specAugment: undefined,
    },
    reading: {},
  },
  // downstream/asr/config.yaml: groups of 32 are halved.
  asr: {
    kind: 'frame-ctc',
    settings: { ...recurrent, batchSize: 16, batches: 'halves', endTokens: ['|', '</s>'], keptBeyond: 1 },
    reading: {},
  },
  // downstream/ctc/snips.yaml
  sf: {
    kind: 'frame-ctc',
    settings: { ...recurrent, batchSize: 32, batches: 'buckets', endTokens: ['<eos>'] },
    reading: {},
  },
  // downstream/speech_commands
  ks: {
    kind: 'pooled-linear',
    settings: {
      ...pooled,
      ...{ maximumUpdates: 200_000, evaluateEvery: 5000, drawing: 'balanced', devOver: 'classes' },
      crops: { seconds: 1, perUtterance: 64, seed: 1337 },
    },
    reading: softer,
  },
  // downstream/voxceleb1: 8 utterances 4 times an update.
  sid: {
    kind: 'pooled-linear',
    settings: {
      ...pooled,
      ...{ maximumUpdates: 200_000, evaluateEvery: 5000, outputs: 1251 },
      crops: { seconds: 8, perUtterance: 4, seed: 1337 },
    },
    reading: {},
  },
  // downstream/fluent_commands
  ic: {
    kind: 'pooled-linear',
    settings: { ...pooled, maximumUpdates: 200_000, evaluateEvery: 5000, crops: undefined },
    reading: {},
  },
  // downstream/emotion: 4 utterances 8 times an update.
  er: {
    kind: 'pooled-linear',
    settings: { ...pooled, maximumUpdates: 30_000, evaluateEvery: 1000, crops: undefined },
    reading: {},
  },
  // downstream/sv_voxceleb1: test_expdir.sh looks at every second checkpoint, on test.
  asv: {
    kind: 'x-vector',
    settings: {
      ...{ ...trained, gradientClip: 1000, weightDecay: 0.01, learningRates: [1e-4] },
      ...{ width: 512, pooledWidth: 1500, scale: 30, margin: 0.4, batchSize: 10, accumulation: 5 },
      ...{ maximumUpdates: 200_000, evaluateEvery: 20_000, chooseOn: 'test', leastSeconds: 2 },
      crops: { seconds: 8, perUtterance: 4, seed: 0 },
    },
    reading: { ...softer, withoutSilence: true },
  },
  // downstream/diarization: score.sh tries ten decisions on test.
  sd: {
    kind: 'speaker-activity',
    settings: {
      ...{ ...trained, learningRates: [1e-4], lstmSize: 512, batchSize: 8, accumulation: 4 },
      ...{ maximumUpdates: 30_000, evaluateEvery: 500, pieceFrames: 2000, losesLongTurns: true },
      ...{
        thresholds: [0.3, 0.4, 0.5, 0.6, 0.7],
        medianFrames: [1, 11],
        chooseOn: 'test',
        chooseBy: 'frames',
      },
    },
    reading: {},
  },
  // downstream/quesst14_dtw
  qbe: { kind: 'subsequence-dtw', settings: { minimumFrames: 5 }, reading: softer },
};

test.each(builtInTasks.map(({ name }) => name))("of %s holds the reference's numbers and quirks", (name) => {
  const { kind, settings, reading } = recipes[name] as Recipe;
  const task = builtInTasks.find((one) => one.name === name);
  const found = presetSettings(headKinds.find(kind), task ?? {}, 'superb');
  for (const [setting, value] of Object.entries(settings))
    expect([setting, (found.settings as Record<string, unknown>)[setting]]).toEqual([setting, value]);
  expect(found.reading).toEqual(reading);
});

test('keeps no quirk of choice or length in the preset clean', () => {
  for (const { name, settings = {} } of builtInTasks) {
    const { kind } = recipes[name] as Recipe;
    const clean = presetSettings(headKinds.find(kind), { settings }, 'clean').settings;
    for (const quirk of ['endTokens', 'keptBeyond', 'batches', 'outputs', 'crops', 'devOver', 'ties'])
      expect([name, quirk, (clean as Record<string, unknown>)[quirk]]).toEqual([name, quirk, undefined]);
    expect(clean).not.toMatchObject({ chooseOn: 'test' });
    expect(clean).not.toMatchObject({ drawing: 'balanced' });
    expect(clean).not.toMatchObject({ losesLongTurns: true });
  }
});

test('has a row of docs/protocol.md for every task: the reference, superb, clean', async () => {
  const text = await readFile(new URL('../docs/protocol.md', import.meta.url), 'utf8');
  const rows = text.split('\n').filter((line) => /^\| \*\*\w+\*\* \|/.test(line));
  expect(text).toContain('| task | s3prl | `superb` | `clean` |');
  const named = rows.map((row) => row.split(/ (?<!\\)\| /).map((cell) => cell.replace(/^\| /, '')));
  expect(named.map(([task = '']) => task.replaceAll('*', '').toLowerCase()).sort()).toEqual(
    builtInTasks.map(({ name }) => name).sort(),
  );
  for (const cells of named) expect(cells).toHaveLength(4);
});

/** @file A head kind that the program does not know: registered, it is planned, trained, recorded, kept and exported. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import onnxProto from 'onnx-proto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import {
  accuracy,
  type HeadKind,
  type HeadSpec,
  type HeadWork,
  type Prediction,
  type Split,
  type Task,
} from '../src/api/index.js';
import { writeWav } from '../src/audio/index.js';
import { float32, floatsOf, type HostParameters } from '../src/base/host-tensor.js';
import { randomStream } from '../src/base/random.js';
import { exportOnnx } from '../src/cli/export/onnx-file.js';
import { exportedModel } from '../src/cli/export/program.js';
import { catalogue } from '../src/cli/list/catalogue.js';
import { writeManifest } from '../src/data/rows.js';
import type { Encoder } from '../src/encoders/encoder.js';
import { loadEncoder } from '../src/encoders/load.js';
import type { Tensor } from '../src/engine/ops.js';
import type { Parameters } from '../src/engine/tree.js';
import { writeSafetensors } from '../src/formats/safetensors.js';
import { headKinds } from '../src/heads/registry.js';
import { readHead } from '../src/heads/trained.js';
import { linear } from '../src/nn/linear.js';
import { knownTasks } from '../src/plugins/known-tasks.js';
import { estimatorOf } from '../src/suite/estimate.js';
import { planGraph } from '../src/suite/graph.js';
import { planTask } from '../src/suite/plan.js';
import { runSuite } from '../src/suite/run-suite.fixture.js';
import { writeToyEncoder } from '../src/suite/toy-folder.fixture.js';

interface VoteSpec extends HeadSpec {
  readonly classes: readonly string[];
}
type Stored = { classes: string[]; layer: number };
const settingsSchema = z.strictObject({ layer: z.int().default(0), priors: z.string().optional() });
type Settings = z.infer<typeof settingsSchema>;

/** Every frame is of the class whose mean is nearest; an utterance is what most of its frames are. */
const frameVote: HeadKind<VoteSpec, Settings, Stored> = {
  kind: 'frame-vote',
  about: 'nearest mean, frame by frame',
  settings: settingsSchema,
  presets: { superb: { layer: 1 } satisfies z.input<typeof settingsSchema> },
  reads: () => ({ store: 'frames', type: 'float32' }),
  files: [['priors']],
  seedsTogether: false,
  cost: (_, seeds) => ({ work: 10 * seeds, secondsPerUnit: 0.5 }),
  async train(work, { classes }, { layer }, seeds) {
    const stored = { classes: [...classes], layer };
    const parameters = await meansOf(work, stored);
    const program = work.engine.compile<{ parameters: Parameters; states: Tensor }, { votes: Tensor }>(
      (inputs) => forward(stored, inputs.parameters, inputs.states),
      { name: work.title },
    );
    const predict = async (split: Split): Promise<Prediction[]> => {
      const predictions: Prediction[] = [];
      for (const place of work.places[split]) {
        const { layers, dim, rows } = work.features;
        const states = float32([layers, 1, rows[place] as number, dim], await work.features.load(place));
        const { votes } = await program.run({ parameters, states });
        predictions.push({
          columns: { label: classes[mostVoted(floatsOf(votes), classes.length)] as string },
        });
      }
      return predictions;
    };
    const devMetric = work.score(await predict('dev'), 'dev');
    const predictions = await predict('test');
    await program.dispose();
    return seeds.map(() => ({
      tried: [{ learningRate: 1, devMetric, updates: 1, ended: 'finished' as const }],
      chosen: 1,
      curve: [{ update: 1, trainLoss: 0, devMetric, devLoss: 0 }],
      layerWeights: Array.from({ length: work.features.layers }, (_, i) => (i === layer ? 1 : 0)),
      head: { stored, parameters },
      predictions,
      earlierSeconds: 0,
    }));
  },
  stored: z.object({ classes: z.array(z.string()), layer: z.int() }),
  forward,
  freeAxis: 'ballots',
};

/** [batch, frames, classes]: the larger, the nearer. */
function forward({ layer }: Stored, parameters: Parameters, states: Tensor): { votes: Tensor } {
  const own = states.slice([layer, 0, 0, 0], [1, -1, -1, -1]).squeeze([0]);
  return { votes: linear(parameters, 'mean', own) };
}

/** Minus half the squared distance, but for what all classes share: x . m - m . m / 2. */
async function meansOf(work: HeadWork, { classes, layer }: Stored): Promise<HostParameters> {
  const { dim, rows } = work.features;
  const frames: number[][][] = classes.map(() => []);
  for (const [i, place] of work.places.train.entries()) {
    const own = frames[classes.indexOf(work.references.train[i]?.label ?? '')];
    const [count, values] = [rows[place] as number, await work.features.load(place)];
    for (let frame = layer * count; frame < (layer + 1) * count; frame++)
      own?.push([...values.subarray(frame * dim, (frame + 1) * dim)]);
  }
  const weight = Float32Array.from({ length: classes.length * dim }, (_, at) => {
    const own = frames[Math.floor(at / dim)] ?? [];
    return own.reduce((sum, frame) => sum + (frame[at % dim] as number), 0) / own.length;
  });
  const bias = classes.map(
    (_, label) => -weight.subarray(label * dim, (label + 1) * dim).reduce((sum, x) => sum + x * x, 0) / 2,
  );
  return {
    'mean.weight': float32([classes.length, dim], weight),
    'mean.bias': float32([classes.length], bias),
  };
}

function mostVoted(votes: Float32Array, classes: number): number {
  const ballots = Array.from({ length: votes.length / classes }, (_, i) => {
    const frame = [...votes.subarray(i * classes, (i + 1) * classes)];
    return frame.indexOf(Math.max(...frame));
  });
  const counts = Array.from({ length: classes }, (_, label) => ballots.filter((one) => one === label).length);
  return counts.indexOf(Math.max(...counts));
}

const words = ['no', 'stop', 'yes'];
const task: Task<VoteSpec> = {
  name: 'votes',
  version: 3,
  summary: 'which word',
  columns: ['label'],
  metrics: [{ name: 'accuracy', direction: 'higher' }],
  head: () => ({ kind: 'frame-vote', classes: words }),
  evaluate(rows) {
    const labels = (side: 'prediction' | 'reference') => rows.map((row) => row[side].label ?? '');
    const { rate, shares } = accuracy(labels('prediction'), labels('reference'));
    return { accuracy: { value: rate, shares } };
  },
};

let folder: string;
let encoder: Encoder;
let manifest: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-kind-'));
  encoder = await loadEncoder(await writeToyEncoder(folder, 'toy', 1));
  manifest = join(folder, 'words.csv');
  const rows = [];
  for (const [split, size] of Object.entries({ train: 12, dev: 6, test: 9 })) {
    for (let i = 0; i < size; i++) {
      const random = randomStream(i, split);
      // Whole periods in a frame of 8 samples: every frame of a word is alike.
      const tone = (_: unknown, n: number): number =>
        0.4 * Math.sin((Math.PI / 4) * (1 + (i % 3)) * n) + 0.05 * random.normal();
      const path = `${split}-${i}.wav`;
      await writeWav(join(folder, path), Float32Array.from({ length: 320 + 40 * (i % 5) }, tone), 16000);
      rows.push({ id: `${split}-${i}`, path, split, label: words[i % 3] });
    }
  }
  await writeManifest(manifest, rows);
  headKinds.register(frameVote, './votes.mjs');
  knownTasks.register(task, './votes.mjs');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('a kind is listed, and its settings are checked, preset and files included', async () => {
  expect(await catalogue.heads()).toContainEqual({
    name: 'frame-vote',
    summary: frameVote.about,
    module: './votes.mjs',
  });
  const plan = (settings: object, preset: 'clean' | 'superb' = 'clean') =>
    planTask({ name: 'votes', manifest, folder, settings: { ...settings } }, { preset });
  expect(await plan({})).toMatchObject({ preset: 'clean', head: { settings: { layer: 0 } } });
  expect(await plan({}, 'superb')).toMatchObject({ preset: 'superb', head: { settings: { layer: 1 } } });
  await expect(plan({ tiers: 1 })).rejects.toThrow(/task 'votes': unknown key 'tiers'/);
  await writeFile(join(folder, 'priors.txt'), '1 1 1');
  const before = await plan({ priors: 'priors.txt' });
  expect(before.head.settings).toEqual({ layer: 0, priors: join(folder, 'priors.txt') });
  await writeFile(join(folder, 'priors.txt'), '1 2 3');
  expect((await plan({ priors: 'priors.txt' })).preset).not.toBe(before.preset);
  const unknown = { ...task, name: 'votes-of-no-kind', head: () => ({ kind: 'frame-vot' }) };
  knownTasks.register(unknown as Task, './votes.mjs');
  await expect(planTask({ name: 'votes-of-no-kind', manifest })).rejects.toThrow(
    /unknown head kind 'frame-vot'.*frame-vote/,
  );
});

test("a kind's jobs read what it reads, go seed by seed, and take as long as it says", async () => {
  const { jobs } = await planGraph(
    { name: 'own', tasks: [{ name: 'votes', manifest }], encoders: ['fbank'] },
    {
      seeds: [1, 2],
      training: {},
      engine: { name: 'onnx', provider: 'cpu', threads: 1 },
      maxBadShare: 0,
      plugins: [],
      out: join(folder, 'planned'),
      cacheFolder: join(folder, 'cache'),
      quiet: true,
    },
  );
  expect(jobs.find(({ kind }) => kind === 'features')).toMatchObject({
    store: 'frames',
    frameType: 'float32',
  });
  const heads = jobs.filter(({ kind }) => kind === 'head');
  expect(heads).toMatchObject([
    { seeds: [1], work: 10 },
    { seeds: [2], work: 10 },
  ]);
  // Ten times half a second, and a job's start.
  for (const job of heads) expect(estimatorOf([]).of(job)).toEqual({ seconds: 5.5, measured: false });
});

test('a head of it is trained, recorded, read again and exported', async () => {
  const out = join(folder, 'results');
  const { records } = await runSuite({
    tasks: [{ name: 'votes', manifest }],
    encoders: [encoder.spec],
    out,
    cacheFolder: join(folder, 'cache'),
  });
  const [record] = records;
  expect(record).toMatchObject({ task: { name: 'votes', version: 3 }, preset: 'clean' });
  expect(record?.metrics.accuracy?.value).toBeGreaterThan(0.8);
  expect(record?.metrics.accuracy?.interval).toBeDefined();
  const result = join(out, encoder.name, 'votes');
  const lines = (await readFile(join(result, 'predictions.jsonl'), 'utf8')).trim().split('\n');
  expect(lines).toHaveLength(9);

  const head = await readHead(join(result, 'head.safetensors'));
  expect(head).toMatchObject({ kind: 'frame-vote', stored: { classes: words, layer: 0 } });
  expect(Object.keys(head.parameters).sort()).toEqual(['mean.bias', 'mean.weight']);
  const written = await exportOnnx(encoder, join(folder, 'votes.onnx'), { head: result, threads: 1 });
  expect(written).toMatchObject({ task: 'votes', outputs: ['votes'] });
  const { graph } = onnxProto.onnx.ModelProto.decode(await exportedModel(encoder, { head }));
  const dims = graph?.output?.[0]?.type?.tensorType?.shape?.dim ?? [];
  expect(dims.map(({ dimParam, dimValue }) => dimParam || Number(dimValue))).toEqual([1, 'ballots', 3]);
});

test('a head of a kind that is not there is refused by name', async () => {
  const file = join(folder, 'head.safetensors');
  const metadata = { task: 'x', encoderHash: 'y' };
  await writeSafetensors(file, {}, { ...metadata, head: '{"kind":"embedding","size":3}' });
  await expect(readHead(file)).rejects.toThrow(/unknown head kind 'embedding'.*--plugin/);
  await writeSafetensors(file, {}, { ...metadata, head: '{"kind":"frame-vote","classes":"no"}' });
  await expect(readHead(file)).rejects.toThrow(/is not a trained head/);
});

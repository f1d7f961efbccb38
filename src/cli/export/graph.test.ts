/** @file ONNX files of others through a suite, and exported with the heads that were trained on them. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ort from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readAudio } from '../../audio/index.js';
import type { Encoder } from '../../encoders/encoder.js';
import { loadEncoder } from '../../encoders/load.js';
import {
  channelsFirst,
  fixedLength,
  type floats,
  type MadeUp,
  node,
  ofFeatures,
  plain,
  slot,
  writeModel,
} from '../../encoders/onnx/made-up.fixture.js';
import { createEngine } from '../../engine/create.js';
import { extractHiddenStates } from '../../features/extract.js';
import { runSuite } from '../../suite/run-suite.fixture.js';
import { writeTones } from '../../suite/tones.fixture.js';
import { exportFolder } from './folder.js';
import { exportOnnx } from './onnx-file.js';
import { exportParts } from './parts.js';

let folder: string;
let encoder: Encoder;
const result = (task: string): string => join(folder, 'results', 'mine', task);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-graph-'));
  await writeTones(folder);
  await writeModel(join(folder, 'mine.onnx'), plain);
  encoder = await loadEncoder(join(folder, 'mine.onnx'));
  const settings = { projectionSize: 8, learningRates: [0.03], maximumUpdates: 40 };
  const ctc = { projectionSize: 8, lstmSize: 8, maximumUpdates: 6, learningRates: [0.01] };
  const manifest = join(folder, 'tones.csv');
  await runSuite({
    tasks: [
      { name: 'ks', manifest, settings },
      { name: 'asr', manifest, settings: { ...ctc, frameType: 'float32' } },
    ],
    encoders: [join(folder, 'mine.onnx')],
    out: join(folder, 'results'),
    cacheFolder: join(folder, 'cache'),
  });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function predictionsOf(task: string): Promise<{ id: string; prediction: string }[]> {
  const lines = (await readFile(join(result(task), 'predictions.jsonl'), 'utf8')).trim().split('\n');
  return lines.map((line) => JSON.parse(line) as { id: string; prediction: string });
}

const largest = (values: Float32Array): number =>
  values.reduce((best, value, i) => (value > (values[best] as number) ? i : best), 0);

describe('an ONNX file through a suite', () => {
  it('has records and predictions as any other encoder, under its hash', async () => {
    const record = JSON.parse(await readFile(join(result('ks'), 'record.json'), 'utf8'));
    expect(record.encoder).toMatchObject({ name: 'mine', family: 'onnx', hash: encoder.hash });
    // Two tones are easily told apart.
    expect(record.metrics.accuracy.value).toBe(1);
  });

  it('is planned anew when a description comes to stand beside it', async () => {
    const { identifyEncoder } = await import('../../suite/identity.js');
    const place = join(folder, 'alone');
    await writeModel(join(place, 'it.onnx'), plain);
    const identify = () => identifyEncoder(join(place, 'it.onnx'), 0, {}, join(folder, 'identities'));
    const before = await identify();
    expect(before).toMatchObject({ name: 'it', parameters: 25 });
    expect(await identify()).toEqual(before);
    await writeFile(join(place, 'encoder.json'), '{ "scale": 3, "name": "louder" }');
    const after = await identify();
    expect(after.name).toBe('louder');
    expect(after.hash).not.toBe(before.hash);
  });
});

describe('an exported ONNX file', () => {
  it('classifies with its head as the result on record', async () => {
    const file = join(folder, 'ks.onnx');
    const written = await exportOnnx(encoder, file, { head: result('ks'), threads: 1 });
    expect(written).toMatchObject({ task: 'ks', outputs: ['logits'] });
    for (const { difference } of written.checks) expect(difference).toBeLessThan(1e-4);
    const session = await ort.InferenceSession.create(file, { intraOpNumThreads: 1 });
    expect(session.inputNames).toEqual(['waveform']);
    const found = await predictionsOf('ks');
    expect(new Set(found.map(({ prediction }) => prediction))).toEqual(new Set(['high', 'low']));
    for (const { id, prediction } of found) {
      const samples = await readAudio(join(folder, `${id}.wav`));
      const { logits } = await session.run({
        waveform: new ort.Tensor('float32', samples, [1, samples.length]),
      });
      expect(['high', 'low'][largest(logits?.data as Float32Array)]).toBe(prediction);
    }
    await session.release();
  });

  it('recognises with a head of loops, joined with operators of an older version', async () => {
    for (const operatorSet of [13, 17, 18]) {
      const place = join(folder, `set-${operatorSet}`);
      // From version 18 on a reduction is told its axes by an input: left out here.
      await writeModel(join(place, 'mine.onnx'), {
        ...plain,
        operatorSet,
        nodes: plain.nodes.filter(({ opType }) => opType !== 'ReduceMean'),
        outputs: plain.outputs.filter(({ name }) => name !== 'pooled'),
      });
      const other = await loadEncoder(join(place, 'mine.onnx'));
      const written = await exportOnnx({ ...other, hash: encoder.hash }, join(place, 'asr.onnx'), {
        head: result('asr'),
        threads: 1,
      });
      expect(written).toMatchObject({ task: 'asr', outputs: ['logits'] });
    }
  });

  const described: [string, MadeUp, object][] = [
    [
      'frames last',
      channelsFirst,
      {
        normalization: 'utterance',
        input: { layout: ['batch', 'one', 'time'] },
        outputs: [{ name: 'channels', layout: ['batch', 'dim', 'frames'] }],
      },
    ],
    ['normalised by power', plain, { normalization: { decibels: -30, onlyIncrease: true }, scale: 8 }],
    [
      'a front end, a mask and lengths',
      ofFeatures,
      {
        frontEnd: { preset: 'whisper', bins: 2 },
        input: { name: 'features' },
        lengths: 'feature_lengths',
        mask: 'attention_mask',
      },
    ],
    [
      'names that ours have',
      {
        ...plain,
        inputs: [slot('hidden.0', ['batch', 'samples'])],
        outputs: [slot('waveform', ['batch', 'time', 3])],
        nodes: [
          node('Unsqueeze', ['hidden.0', 'one'], ['row']),
          ...plain.nodes.slice(1, 2),
          node('Transpose', ['channels'], ['waveform'], [{ name: 'perm', type: 7, ints: [0, 2, 1] }]),
        ],
      },
      {},
    ],
  ];
  it.each(described)('computes what it computed: %s', async (name, model, description) => {
    const place = join(folder, `described ${name}`);
    await writeModel(join(place, 'x.onnx'), model);
    await writeFile(join(place, 'encoder.json'), JSON.stringify(description));
    const written = await exportOnnx(await loadEncoder(place), join(folder, 'out.onnx'), { threads: 1 });
    expect(written.outputs[0]).toBe('hidden.0');
    for (const { difference } of written.checks) expect(difference).toBeLessThan(1e-4);
  });

  it('holds weights that lay beside the file', async () => {
    const place = join(folder, 'external');
    await mkdir(place);
    const [weight, ...rest] = plain.weights ?? [];
    const bytes = weight?.rawData as Uint8Array;
    await writeFile(join(place, 'w.bin'), Buffer.concat([Buffer.alloc(64), bytes]));
    await writeModel(join(place, 'x.onnx'), {
      ...plain,
      weights: [
        {
          ...weight,
          rawData: undefined,
          dataLocation: 1,
          externalData: [
            { key: 'location', value: 'w.bin' },
            { key: 'offset', value: '64' },
            { key: 'length', value: String(bytes.length) },
          ],
        } as unknown as ReturnType<typeof floats>,
        ...rest,
      ],
    });
    const written = await exportOnnx(await loadEncoder(place), join(folder, 'whole.onnx'), { threads: 1 });
    expect(written.checks).toHaveLength(3);
  });

  it('that runs over windows is refused as one file, and exported as parts with its head', async () => {
    const place = join(folder, 'windows');
    await writeModel(join(place, 'x.onnx'), {
      ...fixedLength,
      outputs: [slot('frames', [1, 3, 3]), slot('rectified', [1, 3, 3])],
    });
    await writeFile(join(place, 'encoder.json'), JSON.stringify({ window: { size: 16 } }));
    const windowed = { ...(await loadEncoder(place)), hash: encoder.hash };
    const one = exportOnnx(windowed, join(folder, 'no.onnx'), { head: result('ks'), threads: 1 });
    await expect(one).rejects.toThrow(
      /cannot be exported as one file: it runs over windows\. Use --format parts/,
    );
    await expect(exportFolder(windowed, join(folder, 'no'), undefined)).rejects.toThrow(/--format parts/);

    const out = join(folder, 'parts');
    const written = await exportParts(windowed, out, result('ks'));
    expect(written.files).toEqual(['x.onnx', 'encoder.json', join('head', 'head.onnx')]);
    expect((await readdir(out)).sort()).toEqual(['encoder.json', 'head', 'x.onnx']);
    expect((await loadEncoder(out)).hash).toBe((await loadEncoder(place)).hash);
    const samples = await readAudio(join(folder, 'test0.wav'));
    const states = await extractHiddenStates(await createEngine('onnx', { threads: 1 }), windowed)(samples);
    const session = await ort.InferenceSession.create(join(out, 'head', 'head.onnx'), {
      intraOpNumThreads: 1,
    });
    const feeds = states.map(({ data, shape }, i) => [
      `hidden.${i}`,
      new ort.Tensor('float32', data as Float32Array, [1, ...shape]),
    ]);
    const { logits } = await session.run(Object.fromEntries(feeds));
    expect(logits?.dims).toEqual([1, 2]);
    await expect(exportParts(await loadEncoder('fbank'), out, undefined)).rejects.toThrow(
      /is not an ONNX file/,
    );
    await expect(exportParts(windowed, folder, undefined)).rejects.toThrow(/contains other files/);
  });
});

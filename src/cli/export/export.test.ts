/** @file Exported encoders and heads: what the files hold, what they compute, what is refused. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstat, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import onnxProto from 'onnx-proto';
import ort from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readAudio, writeWav } from '../../audio/index.js';
import { floatsOf, type HostTensor } from '../../base/host-tensor.js';
import { randomStream } from '../../base/random.js';
import { type ManifestRow, writeManifest } from '../../data/rows.js';
import type { Encoder } from '../../encoders/encoder.js';
import { loadEncoder } from '../../encoders/load.js';
import { toyEncoder } from '../../features/toy-encoder.fixture.js';
import { readSafetensors } from '../../formats/safetensors.js';
import type { CtcStored } from '../../heads/frame-ctc/model.js';
import { standardRow } from '../../heads/standard.js';
import { readHead } from '../../heads/trained.js';
import { collapsePath } from '../../lm/greedy.js';
import { runSuite } from '../../suite/run-suite.fixture.js';
import { toyHop, writeToyEncoder } from '../../suite/toy-folder.fixture.js';
import { exportFolder } from './folder.js';
import { exportOnnx } from './onnx-file.js';
import { exportedModel } from './program.js';

const hub = 'test/fixtures/huggingface';
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-export-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The largest difference of a session's output from what is expected. */
function apart(actual: ort.Tensor | undefined, expected: HostTensor | undefined): number {
  expect(actual?.dims).toEqual(expected?.shape);
  const reference = floatsOf(expected as HostTensor);
  if (actual === undefined) throw new Error('an output is missing');
  return (actual.data as Float32Array).reduce(
    (most, value, i) => Math.max(most, Math.abs(value - (reference[i] as number))),
    0,
  );
}

describe('an encoder as ONNX', () => {
  it('goes through a pipe whole, with the digest of what went through', async () => {
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const read = readFile(pipe);
    const written = await exportOnnx(await loadEncoder(join(hub, 'hubert-group')), pipe, { threads: 1 });
    const bytes = await read;
    expect(written).toMatchObject({
      bytes: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
    });
    expect((await lstat(pipe)).isFIFO()).toBe(true);
  });

  it('takes the raw waveform and gives what transformers gives, normalisation included', async () => {
    const file = join(folder, 'wavlm.onnx');
    const written = await exportOnnx(await loadEncoder(join(hub, 'wavlm-layer')), file, { threads: 1 });
    expect(written.outputs).toEqual(['hidden.0', 'hidden.1', 'hidden.2']);
    expect(written.checks.map(({ samples }) => samples)).toEqual([400, 12_745, 40_001]);
    for (const { difference } of written.checks) expect(difference).toBeLessThan(1e-4);
    const session = await ort.InferenceSession.create(file, { intraOpNumThreads: 1 });
    const { tensors } = await readSafetensors(join(hub, 'wavlm-layer', 'input.safetensors'));
    const { tensors: expected } = await readSafetensors(
      join(hub, 'wavlm-layer', 'hidden_states.safetensors'),
    );
    const input = tensors.input as HostTensor;
    const outputs = await session.run({
      waveform: new ort.Tensor('float32', floatsOf(input), [...input.shape]),
    });
    for (const [name, state] of Object.entries(expected))
      expect(apart(outputs[name], state)).toBeLessThan(1e-4);
    await session.release();
  });

  it('names its free axes, and says what it is', async () => {
    const encoder = await loadEncoder(join(hub, 'hubert-group'));
    const model = onnxProto.onnx.ModelProto.decode(await exportedModel(encoder));
    const axes = (values: readonly onnxProto.onnx.IValueInfoProto[] | null | undefined) =>
      values?.map(({ type }) =>
        type?.tensorType?.shape?.dim?.map(({ dimParam, dimValue }) => dimParam || Number(dimValue)),
      );
    expect(axes(model.graph?.input)).toEqual([[1, 'samples']]);
    expect(axes(model.graph?.output)).toEqual(Array(3).fill([1, 'frames', 24]));
    const metadata = Object.fromEntries(model.metadataProps.map(({ key, value }) => [key, value]));
    expect(metadata).toMatchObject({ family: 'hubert', hash: encoder.hash, sampleRateHz: '16000' });
  });

  it('is refused where its weights are more than one file holds', async () => {
    const big = { dtype: 'float32', shape: [2 ** 29], data: new Float32Array(2 ** 29) } as const;
    const encoder = { ...toyEncoder(1), parameters: { big } };
    await expect(exportedModel(encoder)).rejects.toThrow(/the weights are 2\.0 GiB.*--format safetensors/);
  });
});

describe('an encoder as a folder', () => {
  it.each([join(hub, 'wav2vec2-layer'), 'test/fixtures/ehmam-12-heads/tiny.pt', 'random:tiny'])(
    'is the same encoder: %s',
    async (spec) => {
      const encoder = await loadEncoder(spec);
      const out = join(folder, 'again');
      const written = await exportFolder(encoder, out, undefined);
      const again = await loadEncoder(out);
      expect(again.hash).toBe(encoder.hash);
      expect(written.hash).toBe(encoder.hash);
      expect(again).toMatchObject({ family: encoder.family, config: encoder.config, name: 'again' });
    },
  );

  it('is refused for what has no parameters, and for a head', async () => {
    await expect(exportFolder(await loadEncoder('fbank'), folder, undefined)).rejects.toThrow(
      /fbank has no parameters/,
    );
    await expect(exportFolder(await loadEncoder('random:tiny'), folder, 'results/a')).rejects.toThrow(
      /--with needs --format onnx/,
    );
  });
});

describe('a head with its encoder', () => {
  const words = ['no', 'stop', 'yes'];
  let encoder: Encoder;
  const results = (task: string): string => join(folder, 'results', encoder.name, task);

  beforeAll(async () => {
    const spec = await writeToyEncoder(folder, 'toy', 1);
    encoder = await loadEncoder(spec);
    const rows: ManifestRow[] = [];
    for (const [split, size] of Object.entries({ train: 24, dev: 6, test: 9 })) {
      for (let i = 0; i < size; i++) {
        const word = i % words.length;
        const random = randomStream(i, split);
        const tone = (_: unknown, n: number): number =>
          0.4 * Math.sin(n * (0.3 + 0.5 * word)) + 0.05 * random.normal();
        const path = `${split}-${i}.wav`;
        // Odd and even numbers of frames: two are joined.
        await writeWav(join(folder, path), Float32Array.from({ length: 320 + 8 * (i % 5) }, tone), 16000);
        rows.push({ id: `${split}-${i}`, path, split, label: words[word], text: words[word] });
      }
    }
    const manifest = join(folder, 'words.csv');
    await writeManifest(manifest, rows);
    const asr = {
      maximumUpdates: 150,
      projectionSize: 16,
      lstmSize: 16,
      stepSamples: 2 * toyHop,
      learningRates: [0.03],
      patience: 150,
    };
    const small = { maximumUpdates: 60, learningRates: [1e-2], projectionSize: 16 };
    await runSuite({
      tasks: [
        { name: 'ks', manifest, settings: small },
        { name: 'asr', manifest, settings: { ...asr, frameType: 'float32' } },
      ],
      encoders: [spec],
      out: join(folder, 'results'),
      cacheFolder: join(folder, 'cache'),
    });
  });

  it('hears softer audio and reads the hidden states that it was trained on', async () => {
    const settings = {
      maximumUpdates: 20,
      learningRates: [1e-2],
      projectionSize: 8,
      layers: [1],
      gainDecibels: -20,
    };
    const [out, spec] = [join(folder, 'soft'), join(folder, 'toy')];
    const tasks = [{ name: 'ks', manifest: join(folder, 'words.csv'), settings }];
    await runSuite({ tasks, encoders: [spec], out, cacheFolder: join(folder, 'cache') });
    const file = join(folder, 'soft.onnx');
    await exportOnnx(encoder, file, { head: join(out, 'toy', 'ks'), threads: 1 });
    await exportOnnx(encoder, join(folder, 'bare.onnx'), { threads: 1 });
    const samples = await readAudio(join(folder, 'test-0.wav'));
    const outputOf = async (model: string, waveform: Float32Array, name: string): Promise<ort.Tensor> => {
      const session = await ort.InferenceSession.create(model, { intraOpNumThreads: 1 });
      const outputs = await session.run({
        waveform: new ort.Tensor('float32', waveform, [1, waveform.length]),
      });
      await session.release();
      return outputs[name] as ort.Tensor;
    };
    const logits = await outputOf(file, samples, 'logits');
    // -20 dB is a tenth.
    const soft = samples.map((sample) => sample / 10);
    const state = await outputOf(join(folder, 'bare.onnx'), soft, 'hidden.1');
    const [, frames, dim] = state.dims as [number, number, number];
    const mean = new Array<number>(dim).fill(0);
    for (const [i, value] of (state.data as Float32Array).entries())
      mean[i % dim] = (mean[i % dim] as number) + value / frames;
    const { parameters } = await readHead(join(out, 'toy', 'ks', 'head.safetensors'));
    const linear = (name: string, x: readonly number[]): number[] => {
      const weight = floatsOf(parameters[`${name}.weight`] as HostTensor);
      return Array.from(floatsOf(parameters[`${name}.bias`] as HostTensor), (bias, row) =>
        x.reduce((sum, value, i) => sum + value * (weight[row * x.length + i] as number), bias),
      );
    };
    const expected = linear(
      'classifier.0',
      linear('projector', [...standardRow(parameters, Float32Array.from(mean))]),
    );
    for (const [i, value] of (logits.data as Float32Array).entries())
      expect(value).toBeCloseTo(expected[i] as number, 4);
  });

  /** Each test utterance's prediction on record, and the logits that the exported file gives for its audio. */
  async function outputs(task: string) {
    const file = join(folder, `${task}.onnx`);
    const head = task === 'ks' ? results(task) : join(results(task), 'head');
    const written = await exportOnnx(encoder, file, { head, threads: 1 });
    expect(written).toMatchObject({ task, outputs: ['logits'] });
    const session = await ort.InferenceSession.create(file, { intraOpNumThreads: 1 });
    const lines = (await readFile(join(results(task), 'predictions.jsonl'), 'utf8')).trim().split('\n');
    const found: { prediction: string; logits: ort.Tensor }[] = [];
    for (const line of lines) {
      const { id, prediction } = JSON.parse(line) as { id: string; prediction: string };
      const samples = await readAudio(join(folder, `${id}.wav`));
      const { logits } = await session.run({
        waveform: new ort.Tensor('float32', samples, [1, samples.length]),
      });
      found.push({ prediction, logits: logits as ort.Tensor });
    }
    await session.release();
    return found;
  }

  const largest = (values: Float32Array): number =>
    values.reduce((best, value, i) => (value > (values[best] as number) ? i : best), 0);

  it('classifies as the result on record', async () => {
    const found = await outputs('ks');
    expect(found.length).toBe(9);
    expect(new Set(found.map(({ prediction }) => prediction)).size).toBeGreaterThan(1);
    for (const { prediction, logits } of found) {
      expect(logits.dims).toEqual([1, 3]);
      expect(words[largest(logits.data as Float32Array)]).toBe(prediction);
    }
  });

  it('recognises as the result on record, a step for two frames', async () => {
    const head = await readHead(join(results('asr'), 'head.safetensors'));
    expect(head.kind).toBe('frame-ctc');
    const stored = head.stored as CtcStored;
    expect(stored.join).toBe(2);
    const { asr } = await import('../../../tasks/asr/index.js');
    const { decode } = asr.head({ train: [], dev: [], test: [] });
    const found = await outputs('asr');
    for (const { prediction, logits } of found) {
      const [, steps, tokens] = logits.dims as [number, number, number];
      expect(tokens).toBe(stored.tokens.length);
      const data = logits.data as Float32Array;
      const path = Array.from({ length: steps }, (_, i) =>
        largest(data.subarray(i * tokens, (i + 1) * tokens)),
      );
      expect(decode(collapsePath(path, stored.blank))).toBe(prediction);
    }
    expect(found.some(({ prediction }) => prediction !== '')).toBe(true);
  });

  it('is refused for another encoder, and where there is none', async () => {
    const another = await loadEncoder(await writeToyEncoder(folder, 'another', 2));
    const other = exportOnnx(another, join(folder, 'no.onnx'), { head: results('ks') });
    await expect(other).rejects.toThrow(
      /head\.safetensors: was trained on a different encoder than '.*another'/,
    );
    const none = exportOnnx(encoder, join(folder, 'no.onnx'), { head: join(folder, 'results') });
    await expect(none).rejects.toThrow(/head\.safetensors: no such file.*ehmam run/);
    await expect(stat(join(folder, 'no.onnx'))).rejects.toThrow();
  });
});

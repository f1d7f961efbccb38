/** @file The commands about encoders as a user meets them: models of the hub, inspect, export. */
import { existsSync } from 'node:fs';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { writeWav } from '../audio/index.js';
import { ofFeatures, plain, writeModel } from '../encoders/onnx/made-up.fixture.js';
import { writeTones } from '../suite/tones.fixture.js';
import { compileEntry, type Entry, type Finished, refusalOf } from './entry.fixture.js';

// Every test starts processes, on a machine that may be busy.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let entry: Entry;
let folder = '';
beforeAll(async () => {
  entry = await compileEntry();
  folder = await mkdtemp(join(tmpdir(), 'ehmam-cli-encoders-'));
  const tone = Float32Array.from({ length: 16000 }, (_, i) => 0.3 * Math.sin(i / 7));
  await writeWav(join(folder, 'tone.wav'), tone, 16000);
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

describe('encoders of others', () => {
  const hub = 'test/fixtures/huggingface/hubert-layer';

  it('are taken from the cache of the Hugging Face hub by owner and name', async () => {
    const cache = join(folder, 'hub');
    await cp(hub, join(cache, 'models--someone--hubert', 'snapshots', 'main'), { recursive: true });
    const words = [
      'features',
      'hf:someone/hubert',
      join(folder, 'tone.wav'),
      '--out',
      join(folder, 'hub.safetensors'),
    ];
    const { code, stdout } = await entry.run(words, { HF_HUB_CACHE: cache, HF_HUB_OFFLINE: '1' });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^hubert \(hubert, [0-9a-f]{8}\)(.|\n)*hidden\.2 \[49, 36\]/);
    const missing = await entry.run(['inspect', 'hf:someone/else'], {
      HF_HUB_CACHE: cache,
      HF_HUB_OFFLINE: '1',
    });
    expect(missing.code).toBe(1);
    expect(missing.stderr).toMatch(/^ehmam: hf:someone\/else is not in the cache.*copy config\.json.*\n$/);
  });

  it('are described by inspect, which remarks on what is ignored', async () => {
    const file = 'test/fixtures/ehmam-12-heads/tiny.pt';
    const { code, stdout, stderr } = await entry.run(['inspect', file, '--weights', 'teacher', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ name: 'tiny-teacher', family: 'ehmam', parameters: 15_290 });
    expect(stderr).toMatch(/^test\/fixtures\/ehmam-12-heads\/tiny\.pt: ignored.*decoder/);
    expect((await entry.run(['inspect', file, '--quiet'])).stderr).toBe('');
    expect(await refusalOf(['inspect', 'fbank', '--weights', 'teacher'])).toContain('--weights');
  });
});

describe('an ONNX file', () => {
  it('is inspected, described, extracted and run in worker processes as docs/encoders.md says', async () => {
    const place = join(folder, 'onnx');
    const file = await writeModel(join(place, 'mine.onnx'), plain);
    const inspected = await entry.run(['inspect', file]);
    expect(inspected).toMatchObject({
      code: 0,
      stderr: `${file}: ignored, because not hidden states: pooled\n`,
      stdout: expect.stringMatching(
        /input audio +float32 \[batch, samples\]: the waveform\n(.|\n)*: hidden\.1\n/,
      ),
    });
    const refused = await entry.run([
      'inspect',
      await writeModel(join(place, 'other', 'x.onnx'), ofFeatures),
    ]);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(/^ehmam: .*x\.onnx.*--describe.*\n$/);
    const described = await entry.run(['inspect', join(place, 'other'), '--describe']);
    expect(described.stdout).toMatch(
      /"mask": "attention_mask"(.|\n)*encoder\.json; please check and complete:\n- which log-mel/,
    );
    expect(await refusalOf(['inspect', 'fbank', '--describe'])).toContain("'fbank' is not an ONNX file");

    const features = ['features', file, join(folder, 'tone.wav'), '--out', join(place, 'a.safetensors')];
    expect((await entry.run(features)).stdout).toMatch(/^mine \(onnx, (.|\n)*hidden\.1 \[3999, 3\]/);
    expect(await refusalOf([...features, '--engine', 'cpu'])).toContain('Use --engine onnx');

    const run = await heads();
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(run.stdout).toMatch(/mine(.|\n)*random:tiny/);
    const compared = await entry.run(['compare', results(), '--format', 'json']);
    expect(compared.stdout).toContain('"mine"');
  });
});

const results = () => join(folder, 'onnx', 'results');
let trained: Promise<Finished> | undefined;

/** Heads on an ONNX file and on an encoder of ours, trained once. */
const heads = (): Promise<Finished> => {
  trained ??= trainHeads();
  return trained;
};

async function trainHeads(): Promise<Finished> {
  const place = join(folder, 'onnx');
  await writeModel(join(place, 'mine.onnx'), plain);
  const settings = { projectionSize: 8, learningRates: [0.03], maximumUpdates: 20 };
  const suite = await writeTones(place, {
    name: 'tones',
    encoders: ['./mine.onnx', 'random:tiny'],
    tasks: [{ name: 'ks', manifest: 'tones.csv', settings }],
  });
  const words = ['run', '--suite', suite, '--out', results(), '--jobs', '2', '--quiet'];
  return entry.run(words, { EHMAM_CACHE: join(place, 'cache') });
}

describe('export', () => {
  it('writes a folder that is the same encoder', async () => {
    const out = join(folder, 'exported');
    const written = await entry.run([
      ...[
        'export',
        'test/fixtures/torch-files/data2vec2.pt',
        '--format',
        'safetensors',
        '--out',
        out,
        '--json',
      ],
    ]);
    expect(written.code).toBe(0);
    const { hash } = JSON.parse(written.stdout) as { hash: string };
    const { stdout } = await entry.run(['inspect', out]);
    expect(stdout).toContain(hash);
  });

  it('writes an encoder, and a head that run trained on it, as ONNX', async () => {
    await heads();
    // The seed of `run` is the one that the untrained encoder was drawn from.
    const whole = ['export', 'random:tiny', '--seed', '1337', '--format', 'onnx'];
    const alone = await entry.run([...whole, '--out', join(folder, 'tiny.onnx'), '--json']);
    expect(JSON.parse(alone.stdout)).toMatchObject({
      outputs: expect.arrayContaining(['hidden.0', 'hidden.4']),
    });
    const head = join(results(), 'random%3Atiny', 'ks');
    const joined = await entry.run([...whole, '--with', head, '--out', join(folder, 'ks.onnx')]);
    expect(joined).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^logits of waveform .*task ks\n/),
    });
    const other = [
      'export',
      'random:tiny',
      '--format',
      'onnx',
      '--with',
      head,
      '--out',
      join(folder, 'no.onnx'),
    ];
    expect(await refusalOf(other)).toContain('was trained on a different encoder');
    expect(existsSync(join(folder, 'no.onnx'))).toBe(false);
  });
});

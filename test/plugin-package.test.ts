/** @file A plug-in package of its own, compiled against the packed types and used by every command that can. */
import { cp, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { writeWav } from '../src/audio/index.js';
import { sha256OfFile } from '../src/base/files.js';
import { float32, floatsOf, int32 } from '../src/base/host-tensor.js';
import { randomStream } from '../src/base/random.js';
import { writeManifest } from '../src/data/rows.js';
import { distance, engineUnderTest, normals } from '../src/engine/engines.fixture.js';
import type { Tensor } from '../src/engine/ops.js';
import type { Comparison } from '../src/results/index.js';
import type { ResultRecord } from '../src/results/record.js';
import { mfcc } from './fixtures/plugin-package/encoder.js';
import { type Ended, type PackedPackage, packPackage } from './packed.fixture.js';

// Every test starts processes, on a machine that may be busy.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 300_000 });

const source = join(import.meta.dirname, 'fixtures', 'plugin-package');
const plugin = ['--plugin', 'ehmam-sounds'];
let packed: PackedPackage;
let ehmam: (...words: string[]) => Promise<Ended>;
const place = (...names: string[]): string => join(packed.folder, ...names);

/** Two tones and noise: told by their spectra, not by how loud they are. */
const sounds = ['high', 'hiss', 'low'] as const;

/** Three sounds a recording, each as loud as chance has it: samples, and what the manifest says. */
function recording(name: string, index: number): { samples: Float32Array; segments: string } {
  const random = randomStream(index, name);
  const parts = random.shuffle(sounds).map((sound) => {
    const [loudness, length] = [0.02 * 20 ** random.uniform(), 3200 + 160 * random.integer(15)];
    const pitch = sound === 'low' ? 0.1 : 1.1;
    const samples = Float32Array.from({ length }, (_, n) => {
      const noise = random.normal();
      return loudness * (sound === 'hiss' ? 0.7 * noise : Math.sin(n * pitch) + 0.05 * noise);
    });
    return { sound, samples };
  });
  let seconds = 0;
  const segments = parts.map(({ sound, samples }) => {
    seconds += samples.length / 16_000;
    return `${sound}:${seconds.toFixed(2)}`;
  });
  const samples = Float32Array.from(parts.flatMap((part) => [...part.samples]));
  return { samples, segments: segments.join(' ') };
}

const pretraining = { config: 'short.json', manifest: 'sounds.csv', masking: 'gap', steps: 2 };
const suite = {
  name: 'sounds',
  plugins: ['ehmam-sounds'],
  tasks: [{ name: 'sounds', manifest: 'sounds.csv', settings: { maximumUpdates: 60 } }],
  encoders: ['fbank', 'mfcc', 'loudness', { name: 'gapped', pretrain: pretraining }],
};
const encoders = ['fbank', 'mfcc', 'loudness', 'gapped'];
const run = ['run', '--suite', 'sounds.json', '--out', 'results', '--jobs', '2', '--threads', '1'];

beforeAll(async () => {
  packed = await packPackage();
  ehmam = (...words) => packed.run(words, { EHMAM_CACHE: place('cache') });
  await cp(source, place('plugin-package'), { recursive: true });
  // As `npm install ./plugin-package` does.
  await symlink('../plugin-package', place('node_modules', 'ehmam-sounds'));
  const rows = [];
  for (const [split, size] of Object.entries({ train: 12, dev: 4, test: 10 })) {
    for (let i = 0; i < size; i++) {
      const { samples, segments } = recording(split, i);
      await writeWav(place(`${split}${i}.wav`), samples, 16_000);
      rows.push({ id: `${split}${i}`, path: `${split}${i}.wav`, split, segments });
    }
  }
  await writeManifest(place('sounds.csv'), rows);
  const odd = { id: 'odd', path: 'test0.wav', split: 'test', segments: 'low:0.3 loud:0.2' };
  await writeManifest(place('odd.csv'), [...rows, odd]);
  await writeFile(place('sounds.json'), JSON.stringify(suite));
  await writeFile(place('short.json'), JSON.stringify({ batch: { size: 2, cropSeconds: [0.5] } }));
});
afterAll(() => packed.remove());

test('is under 250 lines, and compiles against the types of the tarball', async () => {
  const names = [
    'package.json',
    'tsconfig.json',
    'index.ts',
    'task.ts',
    'head.ts',
    'encoder.ts',
    'masking.ts',
  ];
  const texts = await Promise.all(names.map((name) => readFile(join(source, name), 'utf8')));
  expect(texts.join('').split('\n').length - 1).toBeLessThan(250);
  expect(await packed.compile('plugin-package')).toEqual({ code: 0, stdout: '', stderr: '' });
});

test('brings one thing of each kind, which list marks with its name', async () => {
  const lines = {
    tasks: /^sounds .*accuracy, f1 \(ehmam-sounds\)$/m,
    heads: /^frame-labels .*\(ehmam-sounds\)$/m,
    encoders: /^mfcc .*\(ehmam-sounds\)$/m,
    maskings: /^gap .*\(ehmam-sounds\)$/m,
  };
  const listed = async ([kind, line]: [string, RegExp]) =>
    expect(await ehmam('list', kind, ...plugin)).toMatchObject({
      code: 0,
      stderr: '',
      stdout: expect.stringMatching(line),
    });
  await Promise.all(Object.entries(lines).map(listed));
});

test('complains about data with file and line, as a built-in task does', async () => {
  const validated = await ehmam('validate', '--task', 'sounds', '--manifest', 'odd.csv', ...plugin);
  expect(validated).toMatchObject({
    code: 2,
    stdout: expect.stringMatching(/odd\.csv:28: invalid segments 'low:0\.3 loud:0\.2'/),
  });
});

test('has an encoder family that padding changes nothing of: a row of a batch is as the row alone', async () => {
  const engine = await engineUnderTest('onnx');
  const config = mfcc.presets?.mfcc;
  if (config === undefined) throw new Error('the preset is gone');
  const program = engine.compile(
    (input: { waveform: Tensor; lengths: Tensor }) => ({
      states: mfcc.forward(config, {}, input)[0] as Tensor,
    }),
    { name: 'mfcc', dynamicAxes: { waveform: 1 } },
  );
  const lengths = [3011, 4567, 1203];
  const [longest, width] = [4567, 39];
  const rows = lengths.map((samples) => floatsOf(normals([samples], `utterance ${samples}`, 0.3)));
  const waveform = new Float32Array(lengths.length * longest).fill(Number.NaN);
  for (const [row, samples] of rows.entries()) waveform.set(samples, row * longest);
  const batch = { waveform: float32([3, longest], waveform), lengths: int32([3], lengths) };
  const states = floatsOf((await program.run(batch)).states);
  for (const [row, samples] of rows.entries()) {
    const own = { waveform: float32([1, samples.length], samples), lengths: int32([1], [samples.length]) };
    const alone = (await program.run(own)).states;
    expect(alone.shape).toEqual([1, Math.floor((samples.length - 400) / 160) + 1, width]);
    const start = row * (states.length / lengths.length);
    const [size, end] = [floatsOf(alone).length, start + states.length / lengths.length];
    expect(distance(float32(alone.shape, states.slice(start, start + size)), alone)).toBeLessThan(1e-5);
    expect(states.slice(start + size, end).every((value) => value === 0)).toBe(true);
  }
  await program.dispose();
});

test('has a masking strategy that pretrain uses, and remembers where it came from', async () => {
  const words = [
    'pretrain',
    '--config',
    'short.json',
    '--manifest',
    'sounds.csv',
    '--out',
    'gapped',
    '--quiet',
    '--threads',
    '1',
  ];
  const refused = await ehmam(...words, '--masking', 'gap', '--steps', '2');
  expect(refused).toMatchObject({ code: 2, stderr: expect.stringMatching(/'gap'.*--plugin/) });
  expect(await ehmam(...words, '--masking', 'gap', '--steps', '2', ...plugin)).toMatchObject({
    code: 0,
    stderr: '',
  });
  const config = JSON.parse(await readFile(place('gapped', 'config.json'), 'utf8'));
  expect(config).toMatchObject({ training: { masking: { strategy: 'gap' } }, plugins: ['ehmam-sounds'] });
});

describe('a suite with all of it', () => {
  const recordOf = async (encoder: string) =>
    JSON.parse(await readFile(place('results', encoder, 'sounds', 'record.json'), 'utf8')) as ResultRecord;
  const compare = ['compare', 'results', '--baseline', 'fbank', '--metrics', 'all'];

  test('is planned, run in worker processes, and asked for again starts nothing', async () => {
    const plan = await ehmam('plan', 'sounds.json', '--out', 'results');
    expect(plan).toMatchObject({ code: 0, stdout: expect.stringMatching(/9 jobs, 0 done.*gapped: sounds/s) });
    const first = await ehmam(...run);
    expect(first).toMatchObject({ code: 0, stdout: expect.stringMatching(/fbank.*mfcc.*loudness.*gapped/s) });
    expect(first.stderr).toContain('9 of 9 jobs');
    const records = await Promise.all(encoders.map(recordOf));
    for (const record of records)
      expect(record).toMatchObject({
        task: { name: 'sounds', version: 1 },
        encoder: { hash: expect.any(String) },
      });
    expect(await ehmam(...run)).toEqual({ code: 0, stdout: first.stdout, stderr: '' });
    expect(await Promise.all(encoders.map(recordOf))).toEqual(records);
    // Its own job of pre-training gave what the command gave.
    const weights = (...names: string[]) => sha256OfFile(place(...names, 'model.safetensors'));
    expect(await weights('results', 'encoders', 'gapped')).toEqual(await weights('gapped'));
  });

  test('is compared by both kinds of metric: intervals, and a star where loudness does not tell', async () => {
    const table = await ehmam(...compare, ...plugin);
    expect(table).toMatchObject({ code: 0, stderr: '' });
    expect(table.stdout).toMatch(/accuracy % ↑.*f1 % ↑/);
    expect(table.stdout).toMatch(/Δ -\d\d\.\d\d \*.*Δ -\d\d\.\d\d \*/);
    const { stdout } = await ehmam(...compare, '--json', ...plugin);
    const { columns, rows } = JSON.parse(stdout) as Comparison;
    expect(columns.map(({ metric }) => metric)).toEqual(['accuracy', 'f1']);
    for (const { label, cells } of rows) {
      for (const cell of cells) {
        expect(cell?.interval?.[0]).toBeLessThanOrEqual(cell?.value as number);
        expect(cell?.interval?.[1]).toBeGreaterThanOrEqual(cell?.value as number);
        if (label === 'loudness') expect(cell?.pValue).toBeLessThan(0.01);
        if (label !== 'loudness') expect(cell?.value).toBeGreaterThan(0.9);
      }
    }
    const without = await ehmam(...compare);
    expect(without.stderr).toMatch(/unknown task 'sounds'; load its plug-in with --plugin/);
  });

  test('is gated: it holds against itself, and fails where an encoder does as loudness does', async () => {
    const gate = (results: string) => ehmam('gate', '--baseline', 'results', '--results', results, ...plugin);
    expect(await gate('results')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('no regression in 4 comparisons'),
    });
    await cp(place('results'), place('worse'), { recursive: true });
    const [name, sounds] = ['fbank', place('worse', 'fbank', 'sounds')];
    await cp(place('results', 'loudness', 'sounds'), sounds, { recursive: true, force: true });
    const record = await recordOf('loudness');
    const renamed = { ...record, encoder: { ...record.encoder, name } };
    await writeFile(join(sounds, 'record.json'), JSON.stringify(renamed));
    expect(await gate('worse')).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/fbank.*regressed/s),
    });
  });

  test('has heads that are exported with their encoder, as one file that computes the same', async () => {
    const words = [
      'export',
      'mfcc',
      '--with',
      'results/mfcc/sounds',
      '--format',
      'onnx',
      '--out',
      'sounds.onnx',
    ];
    expect(await ehmam(...words, ...plugin)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/logits of waveform.*task sounds.*40001 samples: logits \[1, 248, 3\]/s),
    });
  });
});

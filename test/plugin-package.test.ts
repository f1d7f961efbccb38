/** @file A plug-in package of its own, compiled against the packed types and used by every command that can. */
import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { writeWav } from '../src/audio/index.js';
import { randomStream } from '../src/base/random.js';
import { writeManifest } from '../src/data/rows.js';
import type { Comparison } from '../src/results/index.js';
import type { ResultRecord } from '../src/results/record.js';
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
const run = ['run', '--suite', 'sounds.json', '--out', 'results', '--jobs', '2'];

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
  await writeManifest(place('odd.csv'), [...rows, { ...rows.at(-1), id: 'odd', segments: 'low:0.3 loud:0.2' }]);
  await writeFile(place('sounds.json'), JSON.stringify(suite));
  await writeFile(place('short.json'), JSON.stringify({ batch: { size: 2, cropSeconds: [0.5] } }));
});
afterAll(() => packed.remove());

test('is under 250 lines, and compiles against the types of the tarball', async () => {
  const names = ['package.json', 'tsconfig.json', 'index.ts', 'task.ts', 'head.ts', 'encoder.ts', 'masking.ts'];
  const texts = await Promise.all(names.map((name) => readFile(join(source, name), 'utf8')));
  expect(texts.join('').split('\n').length - 1).toBeLessThan(250);
  expect(await packed.compile('plugin-package')).toEqual({ code: 0, stdout: '', stderr: '' });
});

test('brings one thing of each kind, which list marks with its name', async () => {
  for (const [kind, line] of [
    ['tasks', /^sounds .*accuracy, f1 \(ehmam-sounds\)$/m],
    ['heads', /^frame-labels .*\(ehmam-sounds\)$/m],
    ['encoders', /^mfcc .*\(ehmam-sounds\)$/m],
    ['maskings', /^gap .*\(ehmam-sounds\)$/m],
  ] as const)
    expect(await ehmam('list', kind, ...plugin)).toMatchObject({ code: 0, stderr: '', stdout: expect.stringMatching(line) });
});

test('complains about data with file and line, as a built-in task does', async () => {
  const validated = await ehmam('validate', '--task', 'sounds', '--manifest', 'odd.csv', ...plugin);
  expect(validated).toMatchObject({ code: 2, stdout: expect.stringMatching(/odd\.csv:28: invalid segments 'low:0\.3 loud:0\.2'/) });
});

describe('a suite with all of it', () => {
  test('is planned, run in worker processes, and done when it is asked for again', async () => {
    const plan = await ehmam('plan', 'sounds.json', '--out', 'results');
    expect(plan).toMatchObject({ code: 0, stdout: expect.stringMatching(/pre-train.*gapped/s) });
    const first = await ehmam(...run);
    console.log(first.stdout, first.stderr);
    expect(first).toMatchObject({ code: 0, stdout: expect.stringMatching(/fbank.*mfcc.*loudness.*gapped/s) });
    const graph = JSON.parse(await readFile(place('results', '.ehmam', 'graph.json'), 'utf8'));
    expect(graph.plugins).toEqual(['ehmam-sounds']);
    const again = await ehmam(...run);
    console.log(again.stdout, again.stderr);
    const compared = await ehmam('compare', 'results', '--baseline', 'fbank', '--metrics', 'all', ...plugin);
    console.log(compared.stdout, compared.stderr);
    const gate = await ehmam('gate', '--baseline', 'results', '--results', 'results', ...plugin);
    console.log(gate);
    const exported = await ehmam('export', 'mfcc', '--with', 'results/mfcc/sounds', '--format', 'onnx', '--out', 'sounds.onnx', ...plugin);
    console.log(exported);
  });
});

void mkdir; void (0 as unknown as Comparison | ResultRecord);

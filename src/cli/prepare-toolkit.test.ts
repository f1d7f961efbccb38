/** @file `prepare` of other toolkits' corpora, and `features` of a manifest, as a user meets them: killed, interrupted, read by other commands. */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { encodeWav, writeWav } from '../audio/index.js';
import { randomStream } from '../base/random.js';
import { writeTar } from '../data/archives/archives.fixture.js';
import { compileEntry, type Entry, refusalOf } from './entry.fixture.js';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let entry: Entry;
let base = '';
let folder = '';
let made = 0;
beforeAll(async () => {
  entry = await compileEntry();
  base = await mkdtemp(join(tmpdir(), 'ehmam-cli-toolkit-'));
});
beforeEach(async () => {
  folder = join(base, `${made++}`);
  await mkdir(folder);
});
afterAll(() => rm(base, { recursive: true }));

const fixtures = resolve('test/fixtures/toolkits');

/** A second of a tone in noise: as many kinds as there are seeds of a label. */
function sound(label: number, seed: number): Float32Array {
  const random = randomStream(seed, 'sound');
  return Float32Array.from(
    { length: 4000 },
    (_, i) => 0.3 * Math.sin(i * (0.1 + 0.3 * label)) + 0.02 * random.normal(),
  );
}

/** Shards of train, dev and test with tones of three classes. */
async function writeShards(): Promise<void> {
  for (const [split, count] of [
    ['train', 12],
    ['dev', 6],
    ['test', 6],
  ] as const) {
    const entries = Array.from({ length: count }, (_, i) => [
      [{ name: `${split}-${i}.wav` }, Buffer.from(encodeWav(sound(i % 3, i), 16000))] as const,
      [{ name: `${split}-${i}.cls` }, ['low', 'middle', 'high'][i % 3] as string] as const,
    ]).flat();
    await writeTar(join(folder, `${split}-000000.tar`), entries);
  }
}

describe('prepare', () => {
  it('of shards gives a manifest that validate, run and features read in place', async () => {
    await writeShards();
    const out = join(folder, 'manifests');
    const prepared = await entry.run(['prepare', 'webdataset', folder, '--out', out, '--json']);
    expect(prepared.code).toBe(0);
    expect(JSON.parse(prepared.stdout).manifests[0].splits).toEqual({ dev: 6, test: 6, train: 12 });
    const manifest = join(out, 'webdataset.csv');
    const checked = await entry.run(['validate', '--task', 'ks', '--manifest', manifest, '--deep']);
    expect(checked.stdout).toContain('no problems found');
    const suite = { name: 'tones', tasks: [{ name: 'ks', manifest }], encoders: ['fbank'] };
    await writeFile(join(folder, 'suite.json'), JSON.stringify(suite));
    const results = join(folder, 'results');
    const environment = { EHMAM_CACHE: join(folder, 'cache') };
    const words = [
      'run',
      '--suite',
      join(folder, 'suite.json'),
      '--lr',
      '0.01',
      '--out',
      results,
      '--quiet',
      '--json',
    ];
    const ran = await entry.run(words, environment);
    expect(ran.code).toBe(0);
    const record = JSON.parse(await readFile(join(results, 'fbank/ks/record.json'), 'utf8'));
    expect(record.metrics.accuracy.value).toBe(1);
    const features = [
      'features',
      'fbank',
      '--manifest',
      manifest,
      '--out',
      join(folder, 'features'),
      '--json',
      '--quiet',
    ];
    expect(JSON.parse((await entry.run(features)).stdout)).toMatchObject({
      made: 24,
      reused: 0,
      skipped: [],
    });
  });

  it('refuses options and inputs that do not go together', async () => {
    const words = (...more: string[]) => ['prepare', ...more, '--out', join(folder, 'out')];
    const refused = (...more: string[]): Promise<string> => refusalOf(words(...more));
    expect(await entry.run(words('kaldi'))).toEqual({
      ...{ code: 2, stdout: '' },
      stderr:
        "ehmam: missing files; usage: ehmam prepare kaldi DIR.... See 'ehmam prepare --help' for examples\n",
    });
    expect(await refused('kaldy', 'x')).toContain("unknown corpus 'kaldy'. Did you mean 'kaldi'?");
    expect(await refused('kaldi', 'x', '--texts', 'y')).toContain('--texts does not apply to kaldi');
    expect(await refused('librispeech', 'x')).toContain('librispeech: pass its folder with --root');
    expect(await refused('folder', '--root', folder, '--unpack', 'x')).toContain(
      '--unpack does not apply to folder',
    );
    expect(await refused('nemo', 'x', '--columns', 'text')).toContain(
      "--columns 'text': expected OURS=THEIRS, such as text=sentence",
    );
  });

  it('of a Parquet file that was killed while it unpacked goes on, and changes nothing that is there', async () => {
    const audio = join(folder, 'audio');
    const inputs = ['gzip', 'snappy', 'zstd'].map((name) => join(fixtures, 'parquet', `${name}.parquet`));
    const out = ['--out', join(folder, 'out')];
    const words = ['prepare', 'parquet', ...inputs, '--split', 'train', '--unpack', audio, ...out, '--quiet'];
    const child = entry.start(words);
    const ended = new Promise((done) => child.on('close', (_code, signal) => done(signal)));
    while (!existsSync(join(audio, 'gzip', '000001.flac'))) await delay(2);
    child.kill('SIGKILL');
    expect(await ended).toBe('SIGKILL');
    expect(existsSync(join(folder, 'out', 'parquet.csv'))).toBe(false);
    expect(await entry.run(words)).toMatchObject({ code: 0, stderr: '' });
    const all = await readdir(audio, { recursive: true, withFileTypes: true });
    expect(all.filter((each) => each.isFile())).toHaveLength(18);
    expect(await readFile(join(folder, 'out', 'parquet.csv'), 'utf8')).toContain('audio/zstd/000005.wav');
  });
});

describe('features of a manifest', () => {
  it('stop at Ctrl-C or are killed, go on, and end as if they had never been stopped', async () => {
    const rows = ['id,path,split'];
    for (let i = 0; i < 40; i++) {
      await writeWav(join(folder, `${i}.wav`), sound(i % 3, i), 16000);
      rows.push(`u${i},${i}.wav,train`);
    }
    await writeFile(join(folder, 'm.csv'), `${rows.join('\n')}\n`);
    const words = (out: string) => [
      'features',
      'fbank',
      '--manifest',
      join(folder, 'm.csv'),
      '--out',
      join(folder, out),
    ];
    const there = (out: string) => existsSync(join(folder, out, 'train', 'u2.safetensors'));
    const stopped = await entry.runAndInterrupt(words('out'), () => there('out'));
    expect(stopped.code).toBe(130);
    const child = entry.start(words('killed'));
    const ended = new Promise((done) => child.on('close', done));
    while (!there('killed')) await delay(2);
    child.kill('SIGKILL');
    await ended;
    await entry.run([...words('whole'), '--quiet']);
    for (const out of ['out', 'killed']) {
      const again = await entry.run([...words(out), '--json', '--quiet']);
      expect(again).toMatchObject({ code: 0 });
      const { made, reused } = JSON.parse(again.stdout) as { made: number; reused: number };
      expect(made + reused).toBe(40);
      expect(reused).toBeGreaterThan(0);
      for (const name of ['u0', 'u17', 'u39']) {
        const file = join('train', `${name}.safetensors`);
        expect(await readFile(join(folder, out, file))).toEqual(await readFile(join(folder, 'whole', file)));
      }
    }
  });

  it('are of a manifest or of a file', async () => {
    const refused = (...words: string[]): Promise<string> =>
      refusalOf(['features', 'fbank', ...words, '--out', join(folder, 'x')]);
    expect(await refused()).toContain('pass either an audio file or --manifest');
    expect(await refused('a.wav', '--manifest', 'm.csv')).toContain(
      'pass either an audio file or --manifest',
    );
    expect(await refused('a.wav', '--split', 'dev')).toContain('--split needs --manifest');
    expect(await refused('a.wav', '--format', 'npy')).toContain('--format npy needs --manifest');
    expect(await refused('a.wav', '--layers', 'last')).toContain("--layers 'last' is not a layer");
  });
});

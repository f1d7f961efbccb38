/** @file The command line as a user meets it: exit codes, one line an error, help, results. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { writeWav } from '../audio/index.js';
import { readSafetensors } from '../formats/safetensors.js';
import { writeRecord } from '../results/index.js';
import { exampleRecord, newRecord } from '../results/records.fixture.js';
import { compileEntry, type Entry, refusalOf } from './entry.fixture.js';

// Every test starts processes, on a machine that may be busy.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let entry: Entry;
let folder = '';
beforeAll(async () => {
  entry = await compileEntry();
  folder = await mkdtemp(join(tmpdir(), 'ehmam-cli-'));
  const tone = Float32Array.from({ length: 16000 }, (_, i) => 0.3 * Math.sin(i / 7));
  await writeWav(join(folder, 'tone.wav'), tone, 16000);
  await writeFile(join(folder, 'a-file'), '');
  await writeRecord(join(folder, 'results'), newRecord(), []);
  const other = { ...newRecord().encoder, name: 'fbank', hash: 'f'.repeat(64) };
  await writeRecord(
    join(folder, 'results'),
    newRecord({ encoder: other, metrics: { wer: { value: 0.5, direction: 'lower', utterances: 300 } } }),
    [],
  );
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

describe('a wrong call', () => {
  it.each([
    ['comprae', ['comprae', 'x'], "ehmam: unknown command 'comprae'. Did you mean 'compare'?\n"],
    [
      '--fromat',
      ['compare', 'x', '--fromat', 'csv'],
      "ehmam: unknown argument 'fromat' for 'ehmam compare'. Did you mean '--format'?\n",
    ],
  ])('(%s) ends with exit code 2 and one line on stderr', async (_what, words, stderr) => {
    expect(await entry.run(words)).toEqual({ code: 2, stdout: '', stderr });
  });
});

describe('the program', () => {
  it('gives help and version on stdout', async () => {
    const help = await entry.run(['--help']);
    expect(help).toMatchObject({
      code: 0,
      stderr: '',
      stdout: expect.stringContaining('ehmam compare <results..>'),
    });
    const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string };
    expect(await entry.run(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
  });
});

describe('gate and validate', () => {
  const keywords = async (name: string, right: number): Promise<string> => {
    const lines = Array.from({ length: 100 }, (_, i) => ({
      id: `u${i}`,
      prediction: i < right ? 'yes' : 'no',
      reference: 'yes',
    }));
    const metrics = { accuracy: { value: right / 100, direction: 'higher' as const, utterances: 100 } };
    await writeRecord(join(folder, name), newRecord({ task: { name: 'ks', version: 1 }, metrics }), lines);
    return join(folder, name);
  };

  it('holds with 0, fails a regression with 1, and tells GitHub and JUnit readers', async () => {
    const [good, bad] = [await keywords('good', 90), await keywords('poor', 50)];
    const same = await entry.run(['gate', '--baseline', good, '--results', good]);
    expect(same).toMatchObject({
      code: 0,
      stderr: '',
      stdout: expect.stringContaining('gate: no regression in 1'),
    });
    const [junit, summary] = [join(folder, 'gate.xml'), join(folder, 'summary.md')];
    const files = ['--junit', junit, '--markdown', join(folder, 'gate.md')];
    const worse = await entry.run(['gate', '--baseline', good, '--results', bad, ...files], {
      GITHUB_ACTIONS: 'true',
      GITHUB_STEP_SUMMARY: summary,
    });
    expect(worse).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^::error title=ehmam gate::tiny on ks/),
    });
    expect(await readFile(junit, 'utf8')).toContain(
      '<failure type="regressed" message="tiny on ks: accuracy regressed',
    );
    expect(await readFile(summary, 'utf8')).toContain('**gate: regressed: tiny on ks');
    expect(await readFile(join(folder, 'gate.md'), 'utf8')).toBe(await readFile(summary, 'utf8'));
  });

  it('is kept from commit to commit: history writes tables for people, all of it for a machine, and a page', async () => {
    const places = [await keywords('first', 90), await keywords('second', 50)];
    const words = ['history', ...places, '--order', 'given', '--quiet'];
    const table = await entry.run(words);
    expect(table).toMatchObject({ code: 0, stderr: '' });
    expect(table.stdout).toContain('1 regression in 2 states: tiny on ks at second: 90.00 to 50.00');
    const out = join(folder, 'history.html');
    const page = await entry.run([...words, '--out', out, '--json']);
    expect(JSON.parse(page.stdout)).toMatchObject({
      states: [{ label: 'first' }, { label: 'second' }],
      series: [{ task: 'ks', points: [{ value: 0.9 }, { value: 0.5, change: 'regressed', since: 0 }] }],
      out,
    });
    expect(await readFile(out, 'utf8')).toContain('keyword spotting (ks)');
  });

  it('ends with 2 where there is nothing to compare with', async () => {
    const words = ['gate', '--baseline', join(folder, 'nowhere'), '--results', folder];
    expect(await refusalOf(words)).toContain('nowhere: no such file or folder.');
  });

  it('ends with 2 where the baseline is of another manifest, and GitHub is told', async () => {
    const [ours, place] = [await keywords('ours', 90), join(folder, 'theirs')];
    const manifest = { path: 'ks.csv', hash: 'c'.repeat(64) };
    const metrics = { accuracy: { value: 0.9, direction: 'higher' as const, utterances: 100 } };
    await writeRecord(place, newRecord({ task: { name: 'ks', version: 1 }, metrics, manifest }), []);
    const words = ['gate', '--baseline', place, '--results', ours];
    const { code, stdout, stderr } = await entry.run(words, { GITHUB_ACTIONS: 'true' });
    expect(code).toBe(2);
    expect(stdout).toContain('gate: could not compare: tiny on ks');
    expect(stderr).toMatch(
      /^::error title=ehmam gate::tiny on ks: accuracy could not compare: different manifests: cccccccc and/,
    );
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it('counts what is right and lists every fault', async () => {
    const good = await keywords('valid', 90);
    const right = await entry.run(['validate', good]);
    expect(right).toEqual({ code: 0, stdout: '1 records, 100 predictions, 0 faults\n', stderr: '' });
    await writeFile(join(good, 'tiny', 'ks', 'predictions.jsonl'), '{"id":1}\n');
    const wrong = await entry.run(['validate', good]);
    expect(wrong.code).toBe(2);
    expect(wrong.stdout).toContain("predictions.jsonl:1:7: invalid value for 'id': expected a string, got 1");
  });

  it('ends with 2 where a manifest is unfit for its task, and lists all of why with --json', async () => {
    const manifest = join(folder, 'words.csv');
    const row = (id: number, split: string, label: string): string => `${id},tone.wav,${split},${label}`;
    const good = [row(1, 'train', 'yes'), row(2, 'train', 'no'), row(3, 'dev', 'no'), row(4, 'test', 'no')];
    const bad = Array.from({ length: 30 }, (_, i) => row(i + 5, 'test', `new-${i}`));
    const validate = async (rows: readonly string[]) => {
      await writeFile(manifest, ['id,path,split,label', ...rows, ''].join('\n'));
      return entry.run(['validate', '--task', 'ks', '--manifest', manifest, '--json']);
    };
    expect((await validate(good)).code).toBe(0);
    const { code, stdout } = await validate([...good, ...bad]);
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({ official: { corpus: 'Speech Commands v0.01' } });
    expect((JSON.parse(stdout) as { problems: unknown[] }).problems).toHaveLength(30);
  });
});

describe('compare', () => {
  it('prints the table, without escape codes where stdout is no terminal', async () => {
    const { code, stdout } = await entry.run(['compare', join(folder, 'results'), '--baseline', 'fbank']);
    expect(code).toBe(0);
    expect(stdout).not.toContain('\u001b');
    for (const part of ['tiny', 'fbank', 'wer % ↓', '25.00', '20.00–30.00', 'Δ -25.00'])
      expect(stdout).toContain(part);
  });

  it('prints JSON for a machine', async () => {
    const { stdout } = await entry.run(['compare', join(folder, 'results'), '--json']);
    const { rows } = JSON.parse(stdout) as { rows: { label: string }[] };
    expect(rows.map((row) => row.label)).toEqual(['fbank', 'tiny']);
  });

  it('sets published rows beside ours, and refuses names that it does not know', async () => {
    const words = ['compare', join(folder, 'results'), '--superb-score', '--published'];
    const { code, stdout } = await entry.run([...words, 'superb:HuBERT Base']);
    expect(code).toBe(0);
    for (const part of ['HuBERT Base †', '6.42', '1 of 10 tasks', 'published by others'])
      expect(stdout).toContain(part);
    expect(await refusalOf([...words, 'superb:Hubert Bass'])).toBe(
      "unknown published encoder 'Hubert Bass'. Did you mean 'HuBERT Base'?",
    );
  });

  it('names file and field of a bad record, with a stack only when asked', async () => {
    const file = join(folder, 'bad', 'record.json');
    await mkdir(join(folder, 'bad'));
    await writeFile(file, JSON.stringify({ ...exampleRecord(), seed: 'one' }));
    const plain = await entry.run(['compare', join(folder, 'bad')]);
    expect(plain.code).toBe(2);
    expect(plain.stderr).toMatch(
      /^ehmam: .*record\.json:1:\d+: invalid value for 'seed': expected a number, got "one"\. .*\n$/,
    );
    const debug = await entry.run(['compare', join(folder, 'bad'), '--debug']);
    expect(debug.stderr).toMatch(/\n {4}at /);
  });

  it('says that a folder is not there or holds no record', async () => {
    expect(await refusalOf(['compare', join(folder, 'nowhere')])).toContain(
      'nowhere: no such file or folder.',
    );
    await mkdir(join(folder, 'empty'));
    expect(await refusalOf(['compare', join(folder, 'empty')])).toContain('no record.json under');
  });
});

describe('paper and card', () => {
  it('lay our results out as the paper does', async () => {
    const words = ['paper', 'superb', join(folder, 'results'), '--format', 'csv'];
    const { code, stdout } = await entry.run(words);
    expect(code).toBe(0);
    expect(stdout).toContain('\nEH-MAM (paper),,,');
    expect(stdout).toContain('\ntiny,,25,');
    await expect(refusalOf(['paper', 'suberb'])).rejects.toThrow(
      "unknown value 'suberb'. Did you mean 'superb'?",
    );
  });

  it('write a card of results, and name the encoders where there are several', async () => {
    const [results, out] = [join(folder, 'results'), join(folder, 'card.md')];
    const written = await entry.run(['card', results, '--encoder', 'fbank', '--out', out]);
    expect(written).toMatchObject({ code: 0, stderr: '' });
    expect(await readFile(out, 'utf8')).toContain('value: 50');
    expect(await refusalOf(['card', results])).toBe(
      'the results contain 2 encoders. Choose one with --encoder: fbank, tiny',
    );
    expect(await refusalOf(['card', 'random:tiny', results])).toContain('no results of random:tiny');
  });
});

describe('features', () => {
  const features = (
    spec: string,
    audio: string,
    out: string,
  ): Promise<{ code: number | null; stderr: string; stdout: string }> =>
    entry.run(['features', spec, join(folder, audio), '--out', join(folder, out), '--json']);

  it('writes every hidden state of a file and says their shapes', async () => {
    const { code, stdout, stderr } = await features('random:tiny', 'tone.wav', 'out/tone.safetensors');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const { layers } = JSON.parse(stdout) as { layers: { name: string; shape: number[] }[] };
    const { tensors } = await readSafetensors(join(folder, 'out', 'tone.safetensors'));
    expect(Object.entries(tensors).map(([name, { shape }]) => ({ name, shape }))).toEqual(layers);
    expect(layers.map(({ name }) => name)).toEqual([
      'hidden.0',
      'hidden.1',
      'hidden.2',
      'hidden.3',
      'hidden.4',
    ]);
  });

  it('names a folder that cannot be written, with exit code 1', async () => {
    const { code, stderr } = await features('random:tiny', 'tone.wav', 'a-file/tone.safetensors');
    expect(stderr).toMatch(/a-file\/tone\.safetensors: cannot be written/);
    expect(code).toBe(1);
  });
});

describe('list', () => {
  it('names what there is, for a machine', async () => {
    const names = async (what: string): Promise<string[]> =>
      (JSON.parse((await entry.run(['list', what, '--json'])).stdout) as { name: string }[]).map(
        ({ name }) => name,
      );
    expect(await names('tasks')).toEqual(['asr', 'ks', 'sid', 'ic', 'pr', 'er', 'sf', 'asv', 'sd', 'qbe']);
    expect(await names('corpora')).toEqual([
      'mini',
      'mini-superb',
      'librispeech',
      'speech-commands-v1',
      'voxceleb1',
      'voxceleb1-verification',
      'libri2mix',
      'fluent-speech-commands',
      'quesst14',
      'iemocap',
      'snips',
      'asterisk',
      'folder',
      'kaldi',
      'nemo',
      'lhotse',
      'parquet',
      'webdataset',
    ]);
  });
});

describe('doctor', () => {
  it('runs a program on every engine, and fails where the cache folder cannot be written', async () => {
    const { code, stdout } = await entry.run(['doctor', '--quiet'], { EHMAM_CACHE: join(folder, 'a-file') });
    for (const engine of ['onnx, provider cpu', 'wasm', 'cpu']) {
      expect(stdout).toMatch(new RegExp(`^works   engine ${engine}: a program ran in \\d+ ms$`, 'm'));
    }
    expect(stdout).toMatch(/^FAILS {3}cache folder: /m);
    expect(stdout).toContain('EHMAM_CACHE');
    expect(code).toBe(1);
  });

  it('ends with exit code 130 at Ctrl-C', async () => {
    const { code, stderr, stdout } = await entry.runAndInterrupt(['doctor'], (said) => said !== '');
    expect({ code, stdout }).toEqual({ code: 130, stdout: '' });
    expect(stderr).toContain('interrupted');
  });
});

/** @file `ehmam pretrain` as a user meets it: the encoder it leaves, Ctrl-C, settings and plug-ins, bad input. */
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { writeWav } from '../../audio/index.js';
import { melConfig } from '../../pretrain/training.fixture.js';
import { compileEntry, type Entry } from '../entry.fixture.js';

// Every test starts processes, on a machine that may be busy.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

/** Settings: an encoder that takes less time than the preset's. */
const small = `encoder: ${JSON.stringify(melConfig.encoder)}\nteacher: { topBlocks: 1 }\n`;
let entry: Entry;
let folder = '';
beforeAll(async () => {
  entry = await compileEntry();
  folder = await mkdtemp(join(tmpdir(), 'ehmam-cli-'));
  const tone = Float32Array.from({ length: 16000 }, (_, i) => 0.3 * Math.sin(i / 7));
  await writeWav(join(folder, 'tone.wav'), tone, 16000);
  await writeFile(join(folder, 'a-file'), '');
  const noise = Float32Array.from({ length: 40_000 }, (_, i) => 0.2 * Math.sin(i / 5) * Math.sin(i * i));
  await writeWav(join(folder, 'noise.wav'), noise, 16000);
  await writeFile(join(folder, 'speech.csv'), 'id,path,split\na,noise.wav,train\nb,noise.wav,train\n');
  await writeFile(join(folder, 'small.yaml'), small);
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

describe('pretrain', () => {
  const pretrain = (out: string, ...words: string[]) =>
    entry.run([
      ...[
        'pretrain',
        '--manifest',
        join(folder, 'speech.csv'),
        '--out',
        join(folder, out),
        '--quiet',
        ...words,
      ],
    ]);

  it('leaves an encoder that features takes', async () => {
    const run = await pretrain('run', '--steps', '2', '--config', join(folder, 'small.yaml'), '--json');
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(run.stdout)).toMatchObject({ finished: true, steps: 2, last: { step: 2 } });
    const features = await entry.run([
      ...[
        'features',
        join(folder, 'run'),
        join(folder, 'tone.wav'),
        '--out',
        join(folder, 'run.safetensors'),
      ],
    ]);
    expect(features).toMatchObject({ code: 0, stdout: expect.stringMatching(/^run \(ehmam, [0-9a-f]{8}\)/) });
  });

  it('can be analysed: numbers and a picture', async () => {
    const out = join(folder, 'analysis');
    const words = ['analyse', join(folder, 'run'), '--manifest', join(folder, 'speech.csv')];
    const { code, stderr, stdout } = await entry.run([...words, '--out', out, '--quiet']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^2 utterances, \d+ frames\n/);
    const report = JSON.parse(await readFile(join(out, 'analysis.json'), 'utf8')) as object;
    expect(report).toMatchObject({ utterance: 'a', seed: 1, regions: { byEnergy: 2 } });
    expect(await readFile(join(out, 'utterance.svg'), 'utf8')).toMatch(/^<svg .*<\/svg>\n$/s);
    const json = await entry.run([...words, '--limit', '1', '--utterance', 'a', '--json', '--quiet']);
    expect(JSON.parse(json.stdout)).toMatchObject({ utterances: 1 });
    expect(await entry.run([...words, '--limit', '0'])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/--limit 0: expected a whole number, 1 or more/),
    });
  });

  it('ends with exit code 130 at Ctrl-C, and --resume goes on from that very step', async () => {
    const out = join(folder, 'interrupted');
    const logged = (): number[] =>
      existsSync(join(out, 'log.jsonl'))
        ? readFileSync(join(out, 'log.jsonl'), 'utf8')
            .split('\n')
            .filter((line) => line.endsWith('}'))
            .map((line) => (JSON.parse(line) as { step: number }).step)
        : [];
    const interruptAfter = (steps: number, ...words: string[]) =>
      entry.runAndInterrupt(
        [
          ...['pretrain', '--manifest', join(folder, 'speech.csv'), '--config', join(folder, 'small.yaml')],
          ...['--out', out, '--steps', '100000', ...words],
        ],
        () => logged().length >= steps,
      );
    const first = await interruptAfter(1);
    expect(first.stderr).toContain('continue with --resume');
    expect(first.code).toBe(130);
    const stopped = logged().length;
    const second = await interruptAfter(stopped + 1, '--resume');
    expect(second.code).toBe(130);
    const steps = logged();
    expect(steps.length).toBeGreaterThan(stopped);
    expect(steps).toEqual(steps.map((_, i) => i + 1));
  });

  it('takes settings from a file and masking from a plug-in, and writes down all it ran with', async () => {
    await writeFile(
      join(folder, 'half.mjs'),
      'const half = { name: "half", about: "the first half", hardShare: () => 0,\n' +
        '  choose: ({ lengths }) => lengths.map((n) => Uint8Array.from({ length: n }, (_, t) => +(t < n / 2))) };\n' +
        'export default { apiVersion: 1, maskings: [half] };\n',
    );
    await writeFile(
      join(folder, 'mine.yaml'),
      `${small}batch: { size: 2, cropSeconds: [0.5] }\nmasking: { span: 3 }\n`,
    );
    const plugin = ['--plugin', join(folder, 'half.mjs')];
    const { stdout } = await entry.run(['list', 'maskings', ...plugin]);
    expect(stdout).toMatch(/^half +the first half \(.*half\.mjs\)$/m);
    const run = await pretrain(
      ...['half', '--steps', '2', '--json', '--masking', 'half', '--config', join(folder, 'mine.yaml')],
      ...plugin,
    );
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(run.stdout)).toMatchObject({ last: { maskedFraction: 0.5, hardShare: 0 } });
    const { training, plugins } = JSON.parse(await readFile(join(folder, 'half', 'config.json'), 'utf8')) as {
      training: object;
      plugins: unknown;
    };
    expect(plugins).toEqual(['../half.mjs']);
    expect(training).toMatchObject({
      batch: { size: 2, cropSeconds: [0.5] },
      masking: { strategy: 'half', span: 3, probability: 0.5 },
      optimizer: { steps: 2 },
    });
  });

  it('goes on with the plug-in that it began with, and takes one from its file of settings', async () => {
    const config = join(folder, 'plugged.yaml');
    await writeFile(
      config,
      `plugins: [./half.mjs]\nmasking: { strategy: half }\n${small}batch: { size: 2, cropSeconds: [0.5] }\n`,
    );
    expect(await pretrain('plugged', '--steps', '2', '--config', config)).toMatchObject({
      code: 0,
      stderr: '',
    });
    // The masking alone, without the file that names its plug-in: the run remembers it.
    await writeFile(join(folder, 'bare.yaml'), `${small}batch: { size: 2, cropSeconds: [0.5] }\n`);
    const words = ['--steps', '2', '--masking', 'half', '--config', join(folder, 'bare.yaml')];
    const again = await pretrain('plugged', ...words, '--resume', '--json');
    expect(again).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(again.stdout)).toMatchObject({ finished: true, steps: 2 });
    expect(await pretrain('other', ...words)).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/unknown masking strategy 'half'/),
    });
  });

  it('that cannot go well is one line that names file and line, and leaves nothing', async () => {
    await writeFile(join(folder, 'text.wav'), 'no audio');
    await writeFile(join(folder, 'bad.csv'), 'id,path,split\na,text.wav,train\n');
    await writeFile(join(folder, 'typo.yaml'), 'masking:\n  spam: 3\n');
    const manifest = join(folder, 'bad.csv');
    for (const [words, message] of [
      [
        ['--manifest', manifest],
        /bad\.csv:2: utterance 'a': .*text\.wav: is not a supported audio file.*ffmpeg/,
      ],
      [['--manifest', manifest, '--split', 'dev'], /bad\.csv: no utterances in split 'dev'/],
      [
        ['--manifest', manifest, '--config', join(folder, 'typo.yaml')],
        /typo\.yaml:2:\d+: unknown key 'masking\.spam'\. Did you mean 'span'\?/,
      ],
    ] as const) {
      const out = join(folder, 'nothing');
      const { code, stderr } = await entry.run(['pretrain', ...words, '--out', out, '--quiet']);
      expect({ code, lines: stderr.trimEnd().split('\n').length }).toEqual({ code: 2, lines: 1 });
      expect(stderr).toMatch(message);
      expect(existsSync(out)).toBe(false);
    }
  });

  it('names a folder that cannot be written, with exit code 1', async () => {
    const { code, stderr } = await pretrain(
      'a-file/run',
      '--steps',
      '1',
      '--config',
      join(folder, 'small.yaml'),
    );
    expect(stderr).toContain('a-file');
    expect(stderr.trimEnd()).not.toContain('\n');
    expect(code).toBe(1);
  });
});

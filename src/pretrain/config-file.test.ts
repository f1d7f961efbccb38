/** @file Settings from a file: what they replace, and how what is wrong with them is told. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sizeOf } from '../base/host-tensor.js';
import { decoderSpecs, encoderSpecs, predictorSpecs } from '../encoders/families/ehmam-parameters.js';
import { pretrainPreset } from './config.js';
import { withConfigFile } from './config-file.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-config-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const tiny = pretrainPreset('tiny');
async function readFileOf(name: string, text: string) {
  await writeFile(join(folder, name), text);
  return withConfigFile(tiny, join(folder, name));
}
const read = async (name: string, text: string) => (await readFileOf(name, text)).config;

describe('a file of settings', () => {
  it('replaces those it names, and no others', async () => {
    const config = await read(
      'a.yaml',
      'masking:\n  epochs: 30 # a short training\n  strategy: hard-only\nbatch: { cropSeconds: [2] }\nseed: 7\n',
    );
    expect(config).toEqual({
      ...tiny,
      masking: { ...tiny.masking, epochs: 30, strategy: 'hard-only' },
      batch: { ...tiny.batch, cropSeconds: [2] },
      seed: 7,
    });
  });

  it('may be JSON', async () => {
    expect(await read('a.json', '{\n\t"ranking": { "form": "sum", "weight": 0.1 }\n}')).toEqual({
      ...tiny,
      ranking: { form: 'sum', weight: 0.1 },
    });
  });

  it('may be as the documentation shows one', async () => {
    const page = await readFile('docs/pretraining.md', 'utf8');
    const [, example = ''] = /# Pre-training.*?```yaml\n(.*?)```/s.exec(page) ?? [];
    const { masking, ranking } = await read('page.yaml', example);
    expect(masking.strategy).toBe('random-matched');
    expect(ranking).toEqual({ weight: 1, form: 'mean' });
  });

  it('names plug-ins, by paths relative to it or as packages', async () => {
    const { config, plugins } = await readFileOf('p.yaml', 'plugins: [./mine.mjs, masks-of-mine]\nseed: 7\n');
    expect(plugins).toEqual([join(folder, 'mine.mjs'), 'masks-of-mine']);
    expect(config).toEqual({ ...tiny, seed: 7 });
  });

  it('replaces a front end of another type as a whole', async () => {
    const { encoder } = await read('b.yaml', 'encoder: { frontend: { type: conv, layers: [[8, 10, 5]] } }');
    expect(encoder).toEqual({ ...tiny.encoder, frontend: { type: 'conv', layers: [[8, 10, 5]] } });
  });

  it.each([
    [
      'unknown.yaml',
      'seed: 1\nmasking:\n  spam: 5\n',
      /unknown\.yaml:3:3: unknown key 'masking\.spam'\. Did you mean 'span'\? Expected one of: strategy, probability, span, epochs/,
    ],
    [
      'top.json',
      '{\n  "seed": 1,\n  "optimiser": {}\n}',
      /top\.json:3:3: unknown key 'optimiser'\. Did you mean 'optimizer'\?/,
    ],
    [
      'front.yaml',
      'encoder:\n  frontend:\n    type: mel\n    bins: 8\n    stack: 2\n    hop: 3\n',
      /front\.yaml:6:5: unknown key 'encoder\.frontend\.hop'\. .*Expected one of: type, bins, stack/,
    ],
    [
      'value.yaml',
      'batch:\n  cropSeconds: [1, -2]\n',
      /value\.yaml:2:20: invalid value for 'batch\.cropSeconds\[1\]': expected more than 0, got -2\. The preset has 1\.6/,
    ],
    [
      'heads.yaml',
      'encoder:\n  heads: 5\n',
      /heads\.yaml:2:10: invalid value for 'encoder\.heads': the width 144 is not a multiple of 5\. The preset has 4/,
    ],
    [
      'top.yaml',
      'teacher:\n  topBlocks: 4\n',
      /top\.yaml:2:14: invalid value for 'teacher\.topBlocks': expected at most 3, the number of shared blocks, got 4/,
    ],
    [
      'plugin.yaml',
      'plugins: ./mine.mjs\n',
      /plugin\.yaml:1:10: invalid value for 'plugins': expected a list, got "\.\/mine\.mjs"/,
    ],
    ['pluggins.yaml', 'seed: 1\npluggins: [a]\n', /pluggins\.yaml:2:1: .* Did you mean 'plugins'\?/],
    ['twice.yaml', 'seed: 1\nseed: 2\n', /twice\.yaml:2:1: duplicate key 'seed'/],
    ['broken.json', '{ "seed": }', /broken\.json:1:11: invalid JSON: expected a value/],
    ['empty.yaml', '# nothing\n', /empty\.yaml: expected an object, got null/],
    ['list.yaml', '- 1\n', /list\.yaml:1:1: expected an object, got a list/],
  ])('that is wrong is one error with file and line: %s', async (name, text, message) => {
    await expect(read(name, text)).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringMatching(message),
    });
  });

  it('that has several faults is one error with a line for each', async () => {
    const text = 'batch:\n  size: many\n  crops: 3\nseed: 0.5\n';
    await expect(read('several.yaml', text)).rejects.toThrow(
      [
        `${join(folder, 'several.yaml')}:2:9: invalid value for 'batch.size': expected a number, got "many". The preset has 16`,
        `${join(folder, 'several.yaml')}:3:3: unknown key 'batch.crops'. Expected one of: size, accumulate, cropSeconds`,
        `${join(folder, 'several.yaml')}:4:7: invalid value for 'seed': expected a whole number, got 0.5. The preset has 1`,
      ].join('\n'),
    );
  });

  it('that is not there is an error of the file', async () => {
    await expect(withConfigFile(tiny, join(folder, 'none.yaml'))).rejects.toThrow(
      /none\.yaml: cannot be read/,
    );
  });
});

it('the presets have 1, 13 and 94 million parameters, with decoder and loss predictor', () => {
  const millions = (['tiny', 'small', 'base'] as const).map((name) => {
    const { encoder } = pretrainPreset(name);
    const specs = { ...encoderSpecs(encoder), ...decoderSpecs(encoder), ...predictorSpecs(encoder) };
    const count = Object.values(specs).reduce((sum, { shape }) => sum + sizeOf(shape), 0);
    return Math.round(count / 1e6);
  });
  expect(millions).toEqual([1, 13, 94]);
});

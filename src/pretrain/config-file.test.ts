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
      /unknown\.yaml:3: there is no setting 'masking\.spam'\. Did you mean 'span'\? Settings here: strategy, probability, span, epochs/,
    ],
    [
      'top.json',
      '{\n  "seed": 1,\n  "optimiser": {}\n}',
      /top\.json:3: there is no setting 'optimiser'\. Did you mean 'optimizer'\?/,
    ],
    [
      'front.yaml',
      'encoder:\n  frontend:\n    type: mel\n    bins: 8\n    stack: 2\n    hop: 3\n',
      /front\.yaml:6: there is no setting 'encoder\.frontend\.hop'\. .*Settings here: type, bins, stack/,
    ],
    [
      'value.yaml',
      'batch:\n  cropSeconds: [1, -2]\n',
      /value\.yaml:2: 'batch\.cropSeconds\.1' cannot be so: .*>0\. The preset has 1\.6/,
    ],
    [
      'heads.yaml',
      'encoder:\n  heads: 5\n',
      /heads\.yaml:2: 'encoder\.heads' cannot be so: the width 144 is no multiple of 5\. The preset has 4/,
    ],
    [
      'top.yaml',
      'teacher:\n  topBlocks: 4\n',
      /top\.yaml:2: 'teacher\.topBlocks' cannot be so: there are only 3 shared blocks/,
    ],
    ['plugin.yaml', 'plugins: ./mine.mjs\n', /plugin\.yaml:1: 'plugins' must be a list/],
    ['pluggins.yaml', 'seed: 1\npluggins: [a]\n', /pluggins\.yaml:2: .* Did you mean 'plugins'\?/],
    ['twice.yaml', 'seed: 1\nseed: 2\n', /twice\.yaml:2: is not YAML \(Map keys must be unique\)/],
    ['broken.json', '{ "seed": }', /broken\.json: is not JSON/],
    ['empty.yaml', '# nothing\n', /empty\.yaml: holds no settings\. It must name some of: encoder, masking/],
    ['list.yaml', '- 1\n', /list\.yaml: holds no settings/],
  ])('that is wrong is one error with file and line: %s', async (name, text, message) => {
    await expect(read(name, text)).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringMatching(message),
    });
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

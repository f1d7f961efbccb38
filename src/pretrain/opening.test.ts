/** @file Which runs may go on in a folder: those of the same settings and the same data, wherever that lies now. */
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { writeWav } from '../audio/index.js';
import { loadUtterances } from '../data/manifest.js';
import type { PretrainConfig } from './config.js';
import { checkFolder } from './opening.js';
import { runDataOf } from './run-data.js';
import { runFolder, writeConfig } from './run-folder.js';
import { melConfig } from './training.fixture.js';

const table = [
  'id,path,split,start,duration,text',
  'a,a.wav,train,0,0.5,one',
  'b,b.wav,train,0,0.5,two',
  'c,a.wav,train,0.5,0.5,three',
  'd,b.wav,dev,0,0.5,four',
];
let root: string;
let out: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'ehmam-opening-'));
  for (const [i, name] of ['a.wav', 'b.wav'].entries())
    await writeWav(join(root, name), tone(300 + 100 * i), 16000);
  await writeFile(join(root, 'm.csv'), table.join('\n'));
});
afterAll(() => rm(root, { recursive: true }));
beforeEach(async () => {
  out = await mkdtemp(join(root, 'run-'));
  await writeConfig(runFolder(out), { config: melConfig, data: await dataOf('m.csv') });
});

const tone = (frequency: number): Float32Array =>
  Float32Array.from({ length: 16000 }, (_, i) => Math.sin((2 * Math.PI * frequency * i) / 16000));

const dataOf = async (manifest: string, split = 'train') =>
  runDataOf(await loadUtterances(join(root, manifest), { splits: [split], keepColumns: false }));

async function written(name: string, rows: readonly string[]): Promise<string> {
  await writeFile(join(root, name), rows.join('\n'));
  return name;
}

const goOn = async (manifest: string, split?: string, say: (text: string) => void = () => {}) =>
  checkFolder(runFolder(out), { config: melConfig, data: await dataOf(manifest, split) }, true, say);

describe('a run goes on', () => {
  it('with its manifest at another place, in another layout, with other texts and other rows of other splits', async () => {
    await goOn('m.csv');
    await mkdir(join(root, 'moved'));
    for (const name of ['a.wav', 'b.wav']) await cp(join(root, name), join(root, 'moved', name));
    await goOn(await written('moved/n.csv', table));
    await goOn(await written('crlf.csv', [table.slice(0, 4).join('\r\n')]));
    const other = ['split,path,id,duration,start', 'train,a.wav,a,0.5,0', 'train,b.wav,b,0.5,0'];
    await goOn(await written('columns.csv', [...other, 'train,a.wav,c,0.5,0.5', 'test,a.wav,e,,']));
  });

  it('from an earlier version that did not keep its data, which is said', async () => {
    const { config } = runFolder(out);
    const { data: _, ...before } = JSON.parse(await readFile(config, 'utf8')) as Record<string, unknown>;
    await writeFile(config, JSON.stringify(before));
    const said: string[] = [];
    await goOn(await written('fewer.csv', table.slice(0, 3)), 'train', (text) => said.push(text));
    expect(said).toEqual([
      `${config} was written by an earlier version and does not name the data of the run: assuming fewer.csv`,
    ]);
  });
});

describe('a run does not go on', () => {
  const cases: readonly (readonly [what: string, rows: readonly number[], message: RegExp])[] = [
    [
      'fewer rows',
      [1, 2],
      /it was started with 3 utterances of 'train' in m\.csv, not with 2 utterances of 'train' in other\.csv/,
    ],
    [
      'rows in another order',
      [2, 1, 3],
      /other\.csv has as many, but different ones or in a different order/,
    ],
    ['other rows', [1, 2, 2], /has as many, but different ones/],
  ];
  it.each(cases)('with %s', async (_what, places, message) => {
    const rows = places.map((place, i) => (table[place] ?? '').replace(/^\w/, ['x', 'y', 'z'][i] ?? ''));
    await expect(goOn(await written('other.csv', [table[0] ?? '', ...rows]))).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringMatching(message),
    });
  });

  it('with other ids for the same audio', async () => {
    const rows = [table[0] ?? '', ...table.slice(1).map((row) => `speaker-${row}`)];
    await expect(goOn(await written('ids.csv', rows))).rejects.toThrow(
      /ids\.csv has the same audio with different ids/,
    );
  });

  it('with another split of the same manifest', async () => {
    await expect(goOn('m.csv', 'dev')).rejects.toThrow(/not with 1 utterance of 'dev' in m\.csv\. Resume/);
  });

  it('with other places in the files, or files of another sound and the same size, and the same ids', async () => {
    const cut = table.map((row) => row.replace('c,a.wav,train,0.5,0.5', 'c,a.wav,train,0.4,0.5'));
    await expect(goOn(await written('cut.csv', cut))).rejects.toThrow(/cut\.csv has the same ids/);
    await mkdir(join(root, 'again'));
    for (const name of ['a.wav', 'b.wav']) await writeWav(join(root, 'again', name), tone(700), 16000);
    await expect(goOn(await written('again/n.csv', table))).rejects.toThrow(
      /n\.csv has the same ids, but different audio/,
    );
  });

  it('with other settings: each one that differs is named with both values', async () => {
    const { optimizer, masking } = melConfig;
    const change: Partial<PretrainConfig> = {
      optimizer: { ...optimizer, steps: 9, learningRate: 0.5 },
      masking: { ...masking, strategy: 'random' },
      batch: { size: 2, cropSeconds: [0.3] },
    };
    const wanted = { config: { ...melConfig, ...change }, data: await dataOf('m.csv') };
    await expect(checkFolder(runFolder(out), wanted, true, () => {})).rejects.toThrow(
      'config.json: the run in this folder has different settings: masking.strategy ("easy-to-hard" there, "random" here), ' +
        'batch.cropSeconds ([0.3,0.4] there, [0.3] here), optimizer.learningRate (0.001 there, 0.5 here), ' +
        'optimizer.steps (6 there, 9 here). Resume with the same preset and options, or choose another --out',
    );
  });
});

/** @file Ten tasks' manifests from a few utterances: what they say is what was made. */
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readAudio } from '../../audio/index.js';
import { loadUtterances } from '../manifest.js';
import type { Utterance } from '../rows.js';
import { buildMiniSuperb, type MiniSuperb, superbTasks } from './superb.js';
import { readSuperbSource, type SuperbSource } from './superb-definition.js';
import { tinySource } from './tiny-source.fixture.js';

let cacheFolder: string;
let source: SuperbSource;
let suite: MiniSuperb;
const build = (): Promise<MiniSuperb> => buildMiniSuperb({ cacheFolder, quiet: true, source });
const rowsOf = (task: keyof MiniSuperb['tasks']): Promise<Utterance[]> => loadUtterances(suite.tasks[task]);

beforeAll(async () => {
  cacheFolder = await mkdtemp(join(tmpdir(), 'ehmam-mini-superb-'));
  const { superb } = await readSuperbSource();
  const { er, sd, qbe } = superb.parts;
  const parts = {
    er: { ...er, sessions: 2, utterancesPerStyle: 1 },
    asv: { trials: { dev: 4, test: 4 } },
    sd: { ...sd, utterancesPerSpeaker: 2, mixtures: { train: 1, dev: 1, test: 1 } },
    qbe: { ...qbe, speakersPerPhrase: 1, phrases: { dev: ['waited'], test: ['played'] } },
  };
  source = { ...(await tinySource(2)), superb: { ...superb, parts } };
  suite = await build();
});
afterAll(() => rm(cacheFolder, { recursive: true, force: true }));

it('has a manifest of every task, whose audio is there', async () => {
  for (const task of superbTasks) {
    const rows = await rowsOf(task);
    expect(rows.length).toBeGreaterThan(0);
    for (const { path } of rows) expect((await stat(path)).size).toBeGreaterThan(44);
  }
});

it('says the phones of what is spoken, with their stress', async () => {
  const texts = new Map((await rowsOf('asr')).map(({ id, columns }) => [id, columns.text ?? '']));
  for (const { id, columns } of await rowsOf('pr')) {
    const words = (texts.get(id) ?? '').split(' ').length;
    const phones = (columns.phones ?? '').split(' ');
    expect(phones.length).toBeGreaterThan(words);
    for (const phone of phones) expect(phone).toMatch(/^[A-Z]{1,2}[012]?$/);
  }
});

it('mixes what its turns say: loud within them, and quieter where nobody speaks', async () => {
  const energy = (samples: Float32Array): number =>
    samples.reduce((sum, x) => sum + x * x, 0) / Math.max(1, samples.length);
  for (const { path, columns } of await rowsOf('sd')) {
    const samples = await readAudio(path);
    const turns = (columns.turns ?? '').split('; ').map((turn) => turn.split(' '));
    expect(new Set(turns.map(([speaker]) => speaker)).size).toBe(2);
    const within = turns.map(([, start, end]) =>
      energy(samples.subarray(Math.round(16000 * Number(start)), Math.round(16000 * Number(end)))),
    );
    const tail = energy(samples.subarray(samples.length - 6000));
    for (const level of within) expect(level).toBeGreaterThan(4 * tail);
  }
});

it('names utterances of the manifests in its pairs', async () => {
  for (const task of ['asv', 'qbe'] as const) {
    const ids = new Set((await rowsOf(task)).map(({ id }) => id));
    const [header = '', ...lines] = (await readFile(suite.pairs[task] ?? '', 'utf8')).trim().split('\n');
    const columns = header.split(',');
    for (const name of task === 'asv' ? ['enrol', 'test'] : ['query', 'document'])
      for (const line of lines) expect(ids.has(line.split(',')[columns.indexOf(name)] ?? '')).toBe(true);
  }
});

it('makes a damaged mixture again, with the same bytes, and nothing else', async () => {
  const [mixture, other] = await rowsOf('sd');
  const file = mixture?.path ?? '';
  const before = await readFile(file);
  const untouched = (await stat(other?.path ?? '')).mtimeMs;
  await writeFile(file, before.subarray(0, 1000));
  const again = await build();
  expect(again).toEqual(suite);
  expect(await readFile(file)).toEqual(before);
  expect((await stat(other?.path ?? '')).mtimeMs).toBe(untouched);
  expect(dirname(again.tasks.sd)).toBe(suite.root);
});

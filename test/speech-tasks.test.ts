/** @file PR, ER in folds, and SF on tiny tones: listed, checked, run, compared, gated, shown, exported, resumed. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { commands } from '../src/cli/commands.js';
import { parseLine } from '../src/cli/parse.js';
import { readHead } from '../src/heads/trained.js';
import { compareRecords } from '../src/results/compare.js';
import { buildPage } from '../src/results/page/report.js';
import { readPredictions } from '../src/results/predictions.js';
import { readRecord, recordFolder } from '../src/results/store.js';
import { loadSuite } from '../src/suite/definition.js';
import { executeGraph } from '../src/suite/execute.js';
import { planGraph } from '../src/suite/graph.js';
import { planTask } from '../src/suite/plan.js';
import { executeTones, planTones, resultsOf, writeTones } from '../src/suite/tones.fixture.js';
import { builtInTasks } from '../tasks/index.js';

// Heads are trained and exported, on a machine that may be busy.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-speech-tasks-'));
  await writeTones(folder);
  await writeFile(join(folder, 'speech.csv'), `${(await speechRows()).join('\n')}\n`);
  await run(join(folder, 'out'));
});
afterAll(() => rm(folder, { recursive: true }));

/** The tones with the columns of the three tasks: high ones say one thing, low ones another. */
async function speechRows(): Promise<string[]> {
  const [, ...rows] = (await readFile(join(folder, 'tones.csv'), 'utf8')).trim().split('\n');
  return [
    'id,path,split,speaker,label,session,phones,lexicon,slots',
    ...rows.map((row, i) => {
      const [id, path, split, speaker, label] = row.split(',');
      const [phones, slots] =
        label === 'high' ? ['HH AY1', 'GO B-way UP E-way'] : ['L OW1', 'B-thing IT E-thing'];
      return [id, path, split, speaker, label, `s${(i % 6) >> 1}`, phones, 'abc', slots].join(',');
    }),
  ];
}

const ctc = { maximumUpdates: 6, projectionSize: 8 };
const suite = {
  name: 'speech',
  encoders: ['fbank', 'fbank:cmvn'],
  tasks: [
    { name: 'pr', manifest: 'speech.csv', settings: ctc },
    {
      name: 'er',
      manifest: 'speech.csv',
      settings: { projectionSize: 16, learningRates: [0.1, 0.01], maximumUpdates: 20 },
    },
    { name: 'sf', manifest: 'speech.csv', settings: { ...ctc, lstmSize: 8 } },
  ],
};

async function run(out: string, seeds: readonly number[] = [1]) {
  const graph = await planTones(folder, { out, seeds: [...seeds] }, suite);
  const done = await executeTones(graph);
  expect(done.summary).toBeUndefined();
  return graph;
}

/** Runs a command in this process. */
async function call(...words: string[]): Promise<{ readonly code: number; readonly out: string }> {
  const parsed = await parseLine(words, commands);
  if (parsed.kind === 'text') throw new Error(parsed.text);
  const lines: string[] = [];
  const code = await parsed.command.run(parsed.args, {
    json: parsed.args.json === true,
    quiet: true,
    styled: false,
    width: 100,
    plugins: [],
    signal: new AbortController().signal,
    print: (text) => lines.push(text),
    say: () => undefined,
  });
  return { code: code ?? 0, out: lines.join('\n') };
}

const recordOf = (task: string, encoder = 'fbank', out = 'out') =>
  readRecord(join(recordFolder(join(folder, out), encoder, task), 'record.json'));

test('are listed with their columns and metrics', async () => {
  const { out } = await call('list', 'tasks', '--json');
  const listed = JSON.parse(out) as { name: string; metrics: { name: string }[]; columns: string[] }[];
  const told = new Map(
    listed.map(({ name, metrics, columns }) => [name, [columns, metrics.map((metric) => metric.name)]]),
  );
  expect(told.get('pr')).toEqual([['phones'], ['per']]);
  expect(told.get('er')).toEqual([['label', 'session'], ['accuracy']]);
  expect(told.get('sf')).toEqual([['slots'], ['f1', 'cer']]);
});

test('have their own numbers with the preset clean', async () => {
  const settingsOf = async (name: string, preset = 'clean') => {
    const planned = await planTask({ name, manifest: join(folder, 'speech.csv') });
    expect(planned.preset).toBe(preset);
    return planned.head.settings;
  };
  expect(await settingsOf('pr')).toMatchObject({
    projectionSize: 256,
    lstmLayers: 0,
    learningRates: [1e-2],
  });
  expect(await settingsOf('er', 'clean-2')).toMatchObject({ learningRates: [1e-1, 1e-2, 1e-3, 1e-4, 1e-5] });
});

test('find nothing wrong with the manifest, whose folds are counted', async () => {
  for (const task of ['pr', 'er', 'sf']) {
    const { code, out } = await call('validate', '--task', task, '--manifest', join(folder, 'speech.csv'));
    expect([code, out]).toEqual([0, expect.stringContaining('no problems found')]);
    // Of 16 others, twelve are train: the first four fifths, rounded down.
    if (task === 'er') expect(out).toContain('fold s0: 12 train, 4 dev, 8 test');
  }
});

test('refuse bad rows with file and line, before any work', async () => {
  const rows = await speechRows();
  const bad = { pr: ['HH AY1', 'HH AY'], er: [',low,', ',,'], sf: ['UP E-way', 'UP'] } as const;
  for (const [task, [from, to]] of Object.entries(bad)) {
    const manifest = join(folder, `bad-${task}.csv`);
    const line = rows.findIndex((row) => row.includes(from)) + 1;
    await writeFile(
      manifest,
      `${rows.map((row, i) => (i === line - 1 ? row.replace(from, to) : row)).join('\n')}\n`,
    );
    const { code, out } = await call('validate', '--task', task, '--manifest', manifest);
    expect([code, out], task).toEqual([2, expect.stringContaining(`bad-${task}.csv:${line}: `)]);
    const file = join(folder, `bad-${task}.json`);
    await writeFile(file, JSON.stringify({ ...suite, tasks: [{ name: task, manifest }] }));
    await expect(loadSuite(file).then((loaded) => planGraph(loaded, { ...graphOptions() }))).rejects.toThrow(
      `bad-${task}.csv:${line}: `,
    );
  }
});

const graphOptions = () => ({
  seeds: [1],
  training: {},
  engine: { name: 'onnx' as const, provider: 'cpu' as const, threads: 1 },
  maxBadShare: 0,
  plugins: [],
  out: join(folder, 'unused'),
  cacheFolder: join(folder, 'cache'),
  quiet: true,
});

describe('a result of folds', () => {
  test('is one record with what each fold chose, and its metric their mean', async () => {
    const record = await recordOf('er');
    expect(record.folds?.map(({ name, utterances }) => [name, utterances])).toEqual([
      ['s0', 8],
      ['s1', 8],
      ['s2', 8],
    ]);
    const values = record.folds?.map(({ value }) => value) ?? [];
    expect(record.metrics.accuracy?.value).toBeCloseTo(values.reduce((a, b) => a + b, 0) / 3, 12);
    expect(record.metrics.accuracy).toMatchObject({
      utterances: 24,
      intervalOver: 'units',
      interval: expect.any(Array),
    });
    expect(record.curve).toBeUndefined();
    for (const { learningRates, curve, layerWeights } of record.folds ?? []) {
      expect(learningRates.tried.map(({ learningRate }) => learningRate)).toEqual([0.1, 0.01]);
      expect(curve.length).toBeGreaterThan(0);
      expect(layerWeights).toHaveLength(1);
    }
  });

  test('predicts every utterance once, with its fold among the reference columns', async () => {
    const path = join(recordFolder(join(folder, 'out'), 'fbank', 'er'), 'record.json');
    const lines = [];
    for await (const line of readPredictions({ path, record: await readRecord(path) })) lines.push(line);
    expect(new Set(lines.map(({ id }) => id)).size).toBe(24);
    for (const { reference, prediction } of lines) {
      expect(reference).toMatchObject({ label: expect.any(String), session: expect.any(String) });
      const { session, fold } = reference as Readonly<Record<string, string>>;
      expect(fold).toBe(session);
      expect(prediction).toEqual({ label: expect.stringMatching(/^(high|low)$/) });
    }
  });

  test('encodes every utterance once, for all folds and tasks', async () => {
    const frames = await Promise.all(
      ['pr', 'er', 'sf'].map(async (task) => (await recordOf(task)).costs.encoderFrames),
    );
    expect(new Set(frames).size).toBe(1);
  });

  test('keeps a head a fold, and no checkpoint', async () => {
    const place = recordFolder(join(folder, 'out'), 'fbank', 'er');
    const heads = (await readdir(place)).filter((name) => name.startsWith('head')).sort();
    expect(heads).toEqual(['head-2.safetensors', 'head-3.safetensors', 'head.safetensors']);
    const folds = await Promise.all(
      heads.map(async (name) => (await readHead(join(place, name))).origin.fold),
    );
    expect(folds).toEqual(['s1', 's2', 's0']);
  });

  test('goes on in the fold where it was interrupted, to the same result', async () => {
    const out = join(folder, 'again');
    const graph = await planTones(
      folder,
      { out, checkpointSeconds: 0 },
      {
        ...suite,
        tasks: suite.tasks.filter(({ name }) => name === 'er'),
        encoders: ['fbank'],
      },
    );
    const stop = new AbortController();
    const place = recordFolder(out, 'fbank', 'er');
    // Once the second fold's checkpoint is there.
    const watch = setInterval(() => {
      void readdir(place)
        .then((names) => names.includes('head-2.checkpoint.safetensors') && stop.abort(new Error('enough')))
        .catch(() => undefined);
    }, 2);
    const options = { quiet: true, say: () => undefined, workers: 0 };
    const first = await executeGraph(graph, { ...options, signal: stop.signal });
    clearInterval(watch);
    expect(first.complete).toBe(false);
    expect(await readdir(place)).toContain('head.checkpoint.safetensors');
    expect((await executeTones(graph)).complete).toBe(true);
    const [again, once] = [await resultsOf(out), await resultsOf(join(folder, 'out'))];
    expect(again['fbank/er/predictions.jsonl']).toBe(once['fbank/er/predictions.jsonl']);
    for (const name of ['head', 'head-2', 'head-3'])
      expect(again[`fbank/er/${name}.safetensors`]).toEqual(once[`fbank/er/${name}.safetensors`]);
    expect((await readdir(place)).filter((name) => name.includes('checkpoint'))).toEqual([]);
  });
});

test('a record of phones tells the lexicon that the manifest was made with', async () => {
  expect((await recordOf('pr')).madeWith).toEqual({ lexicon: 'abc' });
  expect((await recordOf('sf')).madeWith).toBeUndefined();
});

test('are columns of one table, with intervals and paired tests', async () => {
  const out = join(folder, 'out');
  const { out: text } = await call(
    'compare',
    out,
    '--metrics',
    'all',
    '--baseline',
    'fbank',
    '--format',
    'json',
  );
  const { columns, rows } = JSON.parse(text) as {
    columns: { task: string; metric: string }[];
    rows: { encoder: string; cells: { interval: number[]; pValue?: number }[] }[];
  };
  expect(columns.map(({ task, metric }) => `${task} ${metric}`).sort()).toEqual([
    'er accuracy',
    'pr per',
    'sf cer',
    'sf f1',
  ]);
  expect(rows.map(({ encoder }) => encoder).sort()).toEqual(['fbank', 'fbank:cmvn']);
  for (const { cells } of rows) for (const cell of cells) expect(cell.interval).toHaveLength(2);
  const tested = rows.find(({ encoder }) => encoder !== 'fbank')?.cells ?? [];
  for (const { pValue } of tested) expect(pValue).toBeGreaterThanOrEqual(0);
});

test('hold a gate against themselves', async () => {
  const out = join(folder, 'out');
  expect((await call('gate', '--baseline', out, '--results', out)).code).toBe(0);
});

test('stand on a page and in a card', async () => {
  const records = await Promise.all(
    ['pr', 'er', 'sf'].map(async (task) => {
      const path = join(recordFolder(join(folder, 'out'), 'fbank', task), 'record.json');
      return { path, record: await readRecord(path) };
    }),
  );
  const remarks: string[] = [];
  const { content } = await buildPage({
    title: 'tones',
    comparison: compareRecords(records),
    records,
    tasks: builtInTasks,
    hashOfFolder: async () => undefined,
    encoders: [],
    audio: { paths: [], root: undefined, mostBytes: 0 },
    hardest: 3,
    remark: (why) => remarks.push(why),
  });
  expect(remarks).toEqual([]);
  // Of ER, the first fold's curve.
  for (const chart of ['task-pr-devMetric', 'task-er-devMetric', 'task-sf-devMetric'])
    expect(content.charts[chart]).toMatchObject({ kind: 'curves', series: [{ label: 'fbank' }] });
  const card = join(folder, 'card.md');
  await call('card', join(folder, 'out'), '--encoder', 'fbank', '--out', card);
  for (const metric of ['per', 'accuracy', 'f1', 'cer'])
    expect(await readFile(card, 'utf8')).toContain(`type: ${metric}`);
});

test.each([
  ['pr', [], 'task pr'],
  ['er', [], 'head of fold s0'],
  ['er', ['--fold', 's2'], 'head of fold s2'],
  ['sf', [], 'task sf'],
])('export the head of %s %s', async (task, options, said) => {
  const file = join(folder, `${task}${options.join('')}.onnx`);
  const result = recordFolder(join(folder, 'out'), 'fbank', task);
  const { out } = await call(
    'export',
    'fbank',
    '--with',
    result,
    '--format',
    'onnx',
    '--out',
    file,
    '--threads',
    '1',
    ...options,
  );
  expect(out).toContain(said);
  expect(out).toContain('written to');
});

describe('trained heads are judged again', () => {
  const manifest = () => join(folder, 'speech.csv');
  const head = (task: string, ...file: string[]) =>
    join(recordFolder(join(folder, 'out'), 'fbank', task), ...file);
  const judged = async (...words: string[]) => {
    vi.stubEnv('EHMAM_CACHE', join(folder, 'cache'));
    const { out } = await call('evaluate', ...words, '--threads', '1', '--json');
    return JSON.parse(out) as { readonly splits: readonly { readonly metrics: unknown }[] };
  };
  afterAll(() => {
    vi.unstubAllEnvs();
  });

  test.each(['pr', 'sf'])('of %s as its record says', async (task) => {
    const { splits } = await judged(head(task), '--manifest', manifest());
    expect(splits[0]?.metrics).toEqual((await recordOf(task)).metrics);
  });

  test('of slots where some names that it learnt are missing', async () => {
    const [header = '', ...rows] = (await readFile(manifest(), 'utf8')).trim().split('\n');
    const few = join(folder, 'few.csv');
    await writeFile(few, [header, ...rows.filter((row) => row.includes('B-way'))].join('\n'));
    const { splits } = await judged(head('sf'), '--manifest', few);
    expect(splits[0]?.metrics).toMatchObject({ f1: { utterances: 4 } });
  });

  test('of folds, each by its name or file', async () => {
    await expect(judged(head('er'), '--manifest', manifest())).rejects.toThrow(
      /has one head per fold.*--fold: s0, s1, s2/s,
    );
    await expect(judged(head('er'), '--manifest', manifest(), '--fold', 's9')).rejects.toThrow(
      /has no fold 's9'/,
    );
    const { splits } = await judged(head('er'), '--manifest', manifest(), '--fold', 's1');
    expect(splits[0]?.metrics).toMatchObject({ accuracy: { utterances: 8 } });
    const byFile = await judged(head('er', 'head-2.safetensors'), '--manifest', manifest());
    expect(byFile.splits[0]?.metrics).toEqual(splits[0]?.metrics);
    await expect(judged(head('pr'), '--manifest', manifest(), '--fold', 's1')).rejects.toThrow(
      /has no folds/,
    );
  });
});

test('a fold that there is not is refused, with those there are', async () => {
  const result = recordFolder(join(folder, 'out'), 'fbank', 'er');
  const words = ['export', 'fbank', '--with', result, '--format', 'onnx', '--out', join(folder, 'x.onnx')];
  await expect(call(...words, '--fold', 's9')).rejects.toThrow(/no head of fold 's9'. Did you mean 's1'/);
});

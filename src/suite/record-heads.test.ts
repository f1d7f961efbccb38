/** @file Suites: whole runs on a made-up corpus, reuse, and calls that are refused before any work. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeWav } from '../audio/index.js';
import { UserError } from '../base/errors.js';
import { randomStream } from '../base/random.js';
import { writeBroken } from '../data/broken.fixture.js';
import { type ManifestRow, writeManifest } from '../data/rows.js';
import { loadSuite } from './definition.js';
import { runSuite, type SuiteRequest } from './run-suite.fixture.js';
import type { Suite } from './schema.js';
import { toyHop, writeToyEncoder } from './toy-folder.fixture.js';

const words = ['no', 'stop', 'yes'];
const sizes = { train: 24, dev: 9, test: 12 } as const;
let folder: string;
let manifest: string;
let asrManifest: string;
/** SPECs. */
let first: string;
let second: string;

/** Each word is a tone of its own with some noise. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-suite-'));
  first = await writeToyEncoder(folder, 'toy-1', 1);
  second = await writeToyEncoder(folder, 'toy-2', 2);
  const rows: ManifestRow[] = [];
  for (const [split, size] of Object.entries(sizes)) {
    for (let i = 0; i < size; i++) {
      const word = i % words.length;
      const random = randomStream(i, split);
      const tone = (_: unknown, n: number): number =>
        0.4 * Math.sin(n * (0.3 + 0.5 * word)) + 0.05 * random.normal();
      const path = `${split}-${i}.wav`;
      await writeWav(join(folder, path), Float32Array.from({ length: 320 + 40 * (i % 5) }, tone), 16000);
      rows.push({ id: `${split}-${i}`, path, split, label: words[word], text: words[word] });
    }
  }
  manifest = join(folder, 'words.csv');
  asrManifest = join(folder, 'texts.csv');
  await writeManifest(manifest, rows);
  await writeManifest(
    asrManifest,
    rows.map(({ label: _, ...row }) => row),
  );
});

afterAll(() => rm(folder, { recursive: true, force: true }));

const ksSettings = { maximumUpdates: 60, learningRates: [1e-2], projectionSize: 16 };
const asrSettings = {
  maximumUpdates: 6,
  projectionSize: 8,
  lstmSize: 8,
  stepSamples: 2 * toyHop,
  frameType: 'float32',
};

function requestOf(out: string, more: Partial<SuiteRequest> = {}): SuiteRequest {
  return {
    tasks: [
      { name: 'ks', manifest, settings: ksSettings },
      { name: 'asr', manifest: asrManifest, settings: asrSettings },
    ],
    encoders: [first, second],
    out: join(folder, out),
    cacheFolder: join(folder, 'cache'),
    seeds: [5],
    ...more,
  };
}

describe('a run', () => {
  test('records every encoder on every task, and the same command again reuses all of it', async () => {
    const { records, done } = await runSuite(requestOf('results'));
    // Features and a head for each.
    expect(done).toBe(8);
    expect(records.map(({ encoder, task }) => `${encoder.name} ${task.name}`)).toEqual([
      'toy-1 ks',
      'toy-1 asr',
      'toy-2 ks',
      'toy-2 asr',
    ]);
    const [ks, asr] = records;
    expect(ks?.metrics.accuracy?.value).toBeGreaterThan(0.9);
    expect(ks?.metrics.accuracy?.utterances).toBe(sizes.test);
    expect(ks?.metrics.accuracy?.interval?.[0]).toBeLessThanOrEqual(ks?.metrics.accuracy?.value as number);
    expect(Object.keys(asr?.metrics ?? {})).toEqual(['wer', 'cer']);
    expect(ks?.costs.encoderFrames).toBeGreaterThan(45 * 38);
    expect(ks?.preset).toMatch(/^clean-[0-9a-f]{8}$/);
    const lines = (await readFile(join(folder, 'results/toy-1/ks/predictions.jsonl'), 'utf8'))
      .trim()
      .split('\n');
    expect(lines).toHaveLength(sizes.test);
    expect(JSON.parse(lines[1] as string)).toMatchObject({ id: 'test-1', reference: 'stop' });

    expect(await runSuite(requestOf('results'))).toEqual({ records, done: 0, said: [] });
  });

  test('makes a result anew whose record is there without its predictions', async () => {
    const tasks = [{ name: 'ks', manifest, settings: ksSettings }];
    const request = requestOf('checked-out', { tasks, encoders: [first] });
    const before = await runSuite(request);
    const result = join(folder, 'checked-out/toy-1/ks');
    const predictions = await readFile(join(result, 'predictions.jsonl'), 'utf8');
    const record = await readFile(join(result, 'record.json'));
    await rm(request.out, { recursive: true });
    await mkdir(result, { recursive: true });
    await writeFile(join(result, 'record.json'), record);
    const after = await runSuite(request);
    expect(await readFile(join(result, 'predictions.jsonl'), 'utf8')).toBe(predictions);
    expect(after.records[0]?.metrics).toEqual(before.records[0]?.metrics);
  });

  test('leaves out audio that is missing or broken, up to the share that may be, and names it', async () => {
    const text = await readFile(manifest, 'utf8');
    const holed = join(folder, 'holed.csv');
    await writeFile(holed, text.replace('test-1.wav', 'gone.wav').replace('train-3.wav', 'words.csv'));
    const tasks = [{ name: 'ks', manifest: holed, settings: ksSettings }];
    const options = requestOf('holed', { tasks, encoders: [first], maxBadShare: 0.05 });
    const [record] = (await runSuite(options)).records;
    expect(record?.skipped?.map(({ id }) => id)).toEqual(['train-3', 'test-1']);
    expect(record?.skipped?.[0]?.reason).toContain('words.csv: is not a supported audio file');
    expect(record?.metrics.accuracy?.utterances).toBe(sizes.test - 1);
    await expect(runSuite({ ...options, out: join(folder, 'strict'), maxBadShare: 0 })).rejects.toThrow(
      "audio file 'gone.wav' not found at",
    );
  });

  test('leaves every kind of broken audio out with its reason, and keeps 0.01 s', async () => {
    const broken = await writeBroken(folder);
    const [header = '', ...rows] = (await readFile(manifest, 'utf8')).trimEnd().split('\n');
    const names = rows.map((row, i) => {
      const wrong = row.startsWith('train-') ? broken[i] : undefined;
      return wrong === undefined
        ? `${row},`
        : `${row.replace(/[^,/]+\.wav/, wrong.name)},${wrong.duration ?? ''}`;
    });
    const csv = join(folder, 'kinds.csv');
    await writeFile(csv, [`${header},duration`, ...names].join('\n'));
    const tasks = [{ name: 'ks', manifest: csv, settings: ksSettings }];
    const options = requestOf('kinds', { tasks, encoders: [first], maxBadShare: 0.3 });
    const [record] = (await runSuite(options)).records;
    const wanted = broken.flatMap(({ complaint }) => complaint ?? []);
    expect(record?.skipped).toHaveLength(wanted.length);
    for (const [i, complaint] of wanted.entries()) expect(record?.skipped?.[i]?.reason).toMatch(complaint);
    await expect(
      runSuite({ ...options, out: join(folder, 'kinds-strict'), maxBadShare: 0.05 }),
    ).rejects.toThrow(/\d of \d+ utterances have unusable audio \(allowed: \d\): .*--max-bad/);
  });

  test('fails where every utterance of a split is bad, however many may be', async () => {
    const text = await readFile(manifest, 'utf8');
    const deaf = join(folder, 'deaf.csv');
    await writeFile(deaf, text.replaceAll(/dev-\d+\.wav/g, 'words.csv'));
    const tasks = [{ name: 'ks', manifest: deaf, settings: ksSettings }];
    const options = requestOf('deaf', { tasks, encoders: [first], maxBadShare: 1 });
    await expect(runSuite(options)).rejects.toThrow(
      /deaf\.csv: the task ks can use none of the \d+ utterances of split 'dev', for example: .*is not a supported audio file/,
    );
  });

  test('gives the same numbers again from nothing', async () => {
    const measured = async (out: string, cache: string): Promise<unknown> =>
      (await runSuite(requestOf(out, { cacheFolder: join(folder, cache), encoders: [first] }))).records.map(
        ({ costs: _, createdAt: __, ...same }) => same,
      );
    expect(await measured('once', 'cache-1')).toEqual(await measured('twice', 'cache-2'));
  });

  test('works anew when seed, settings or data are others, and only then', async () => {
    const data = join(folder, 'changing.csv');
    const text = await readFile(manifest, 'utf8');
    await writeFile(data, text);
    const ks = { name: 'ks', manifest: data, settings: ksSettings };
    const recorded = async (change: Partial<SuiteRequest> = {}) => {
      const { records, done } = await runSuite(
        requestOf('changed', { encoders: [first], tasks: [ks], ...change }),
      );
      return { record: records[0], done };
    };
    const before = await recorded();
    // The features are there.
    expect((await recorded({ seeds: [6] })).record).toMatchObject({ seed: 6, preset: before.record?.preset });
    const other = { ...ks, settings: { ...ksSettings, maximumUpdates: 30 } };
    const set = await recorded({ tasks: [other] });
    expect(set.record?.preset).not.toBe(before.record?.preset);
    expect(set.record?.curve?.at(-1)?.update).toBeLessThanOrEqual(30);
    const back = await recorded();
    expect(back.record?.curve).toEqual(before.record?.curve);
    expect(await recorded()).toEqual({ record: back.record, done: 0 });

    await writeFile(data, text.replace('train-0.wav,train,no,no', 'train-0.wav,train,no,stop'));
    const relabelled = await recorded();
    expect(relabelled.done).toBe(1);
    expect(relabelled.record?.manifest.hash).not.toBe(before.record?.manifest.hash);
    expect(relabelled.record?.curve).not.toEqual(before.record?.curve);
  });
});

describe('a call is refused before any work when', () => {
  const refused = async (more: Partial<SuiteRequest>, message: RegExp): Promise<void> => {
    const options = requestOf('refused', more);
    const error = await runSuite(options).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(UserError);
    expect((error as UserError).message).toMatch(message);
    expect(await readdir(join(folder, 'refused')).catch(() => [])).toEqual([]);
  };

  test('a task is unknown', () => refused({ tasks: [{ name: 'kws', manifest }] }, /unknown task 'kws'/));
  test('an encoder is unknown', () =>
    refused({ encoders: ['random:huge'] }, /unknown preset 'huge'\. Expected one of: base, small, tiny/));
  test('an encoder is not there', () =>
    refused({ encoders: ['missing/checkpoint'] }, /^unknown encoder 'missing\/checkpoint'/));
  test('a manifest is not there', () =>
    refused(
      { tasks: [{ name: 'ks', manifest: join(folder, 'none.csv') }] },
      /none\.csv: the manifest cannot be read/,
    ));
  test('a column is missing', () => refused({ tasks: [{ name: 'sid', manifest }] }, /words\.csv:1.*speaker/));
  test('a setting is wrong', () =>
    refused(
      { tasks: [{ name: 'ks', manifest, settings: { patience: 'much' } }] },
      /task 'ks': .*'patience'/,
    ));
  test('a task comes twice', () =>
    refused(
      {
        tasks: [
          { name: 'ks', manifest },
          { name: 'ks', manifest },
        ],
      },
      /duplicate task 'ks'/,
    ));
  test('two encoders share a name', async () => {
    const other = await writeToyEncoder(join(folder, 'elsewhere'), 'toy-1', 3);
    await refused({ encoders: [first, other] }, /duplicate encoder name 'toy-1'/);
  });

  test('a split is empty', async () => {
    const text = await readFile(manifest, 'utf8');
    const noDev = join(folder, 'no-dev.csv');
    await writeFile(
      noDev,
      text
        .split('\n')
        .filter((line) => !line.startsWith('dev-'))
        .join('\n'),
    );
    await refused({ tasks: [{ name: 'ks', manifest: noDev }] }, /no-dev\.csv: no utterances in split 'dev'/);
  });

  test('the results folder is a file', async () => {
    const file = join(folder, 'a-file');
    await writeFile(file, '');
    await expect(runSuite(requestOf('x', { out: join(file, 'results') }))).rejects.toThrow(
      /a-file\/results.*: cannot be written/,
    );
  });
});

describe('a suite file', () => {
  test('may be JSON or YAML, its paths relative to it', async () => {
    const suite = {
      name: 'own',
      tasks: [{ name: 'ks', manifest: 'words.csv', settings: ksSettings }],
      encoders: ['fbank', './e'],
    };
    await writeFile(join(folder, 's.json'), JSON.stringify(suite));
    await writeFile(
      join(folder, 's.yaml'),
      'name: own\ntasks:\n  - name: ks\n    manifest: words.csv\n    settings: {maximumUpdates: 60, learningRates: [0.01], projectionSize: 16}\nencoders: [fbank, ./e]\n',
    );
    const [json, yaml] = [await loadSuite(join(folder, 's.json')), await loadSuite(join(folder, 's.yaml'))];
    const tasksOf = ({ tasks }: Suite) => tasks.map(({ settingsSource: _, ...task }) => task);
    expect({ ...json, tasks: tasksOf(json) }).toEqual({ ...yaml, tasks: tasksOf(yaml) });
    expect(json.tasks[0]?.manifest).toBe(manifest);
    expect(json.encoders).toEqual(['fbank', join(folder, 'e')]);
  });

  test('is named when it is not there or no suite, with the field that is wrong', async () => {
    await expect(loadSuite('maxi')).rejects.toThrow(/unknown suite 'maxi'.*mini/);
    await writeFile(join(folder, 'bad.json'), '{"name": "x", "tasks": [{"name": "ks"}]}');
    await expect(loadSuite(join(folder, 'bad.json'))).rejects.toThrow(
      /bad\.json:1:25: missing key 'tasks\[0\]\.manifest'/,
    );
    await writeFile(join(folder, 'cut.json'), '{"name": ');
    await expect(loadSuite(join(folder, 'cut.json'))).rejects.toThrow(
      /cut\.json:1:10: invalid JSON: expected a value, got the end of the file/,
    );
  });
});

/** @file Verification and diarisation of made-up voices, end to end: suites, records, tables, exports, bad input. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeWav } from '../audio/index.js';
import { randomStream } from '../base/random.js';
import { exportOnnx } from '../cli/export/onnx-file.js';
import { checkResults } from '../cli/validate/results.js';
import { checkTaskManifest } from '../cli/validate/task-manifest.js';
import { loadEncoder } from '../encoders/load.js';
import { createEngine } from '../engine/create.js';
import { headFileName } from '../heads/trained.js';
import { parseTurns } from '../metrics/index.js';
import { compareRecords } from '../results/compare.js';
import { formatComparison } from '../results/formats.js';
import { evaluateHead } from './evaluate-head.js';
import { planTask } from './plan.js';
import { runSuite } from './run-suite.fixture.js';

const rate = 16000;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-speakers-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** So many samples of a voice: a tone of its own that changes every 50 ms, since steady ones vanish with their mean. */
function voice(pitch: number, length: number, key: string): Float32Array {
  const random = randomStream(pitch, 'voice', key.length, key.charCodeAt(key.length - 1));
  return Float32Array.from({ length }, (_, n) => {
    const tone = Math.floor(n / 800) % 2 === 0 ? pitch : pitch * 1.5;
    return 0.3 * Math.sin(n * tone) + 0.01 * random.normal();
  });
}

async function run(name: string, tasks: Parameters<typeof runSuite>[0]['tasks'], more = {}) {
  const [out, cacheFolder] = [join(folder, name), join(folder, 'cache')];
  const { records } = await runSuite({ tasks, encoders: ['fbank'], out, cacheFolder, ...more });
  return { records, comparison: compareRecords(records.map((record) => ({ path: out, record }))) };
}

/** A trained head of a run, asked again for a split of its manifest. */
async function asked(task: string, manifest: string, split: string, pairs?: string) {
  const { splits } = await evaluateHead({
    head: join(folder, task, 'fbank', task),
    manifest,
    pairs,
    splits: [split],
    load: {},
    engine: await createEngine('onnx', { threads: 1 }),
    storage: { folder: join(folder, 'cache', 'features') },
    quiet: true,
  });
  return splits[0]?.metrics;
}

describe('asv', () => {
  const pitches = [0.11, 0.19, 0.3, 0.42, 0.55, 0.7];
  const settings = { width: 16, pooledWidth: 24, batchSize: 6, maximumUpdates: 40, evaluateEvery: 20 };
  let manifest: string;
  let pairs: string;
  beforeAll(async () => {
    const rows = ['id,path,split,speaker'];
    const trials = ['split,enrol,test,target,enrol_speaker,test_speaker'];
    for (const [split, voices] of Object.entries({ train: [0, 2, 4], dev: [1, 3], test: [1, 3, 5] })) {
      const utterances: [string, number][] = [];
      for (const speaker of voices)
        for (const take of [0, 1, 2]) {
          const id = `${split}-${speaker}-${take}`;
          const spoken = voice((pitches[speaker] ?? 0) * (1 + 0.01 * take), 6000 + 900 * take, id);
          // A pause in the middle, which is taken out.
          const samples = new Float32Array(spoken.length + 8000);
          samples.set(spoken.subarray(0, 3000));
          samples.set(spoken.subarray(3000), 11000);
          await writeWav(join(folder, `${id}.wav`), samples, rate);
          rows.push(`${id},${id}.wav,${split},${split}-${speaker}`);
          utterances.push([id, speaker]);
        }
      if (split === 'train') continue;
      for (const [i, [enrol, a]] of utterances.entries())
        for (const [other, b] of utterances.slice(i + 1))
          trials.push(`${split},${enrol},${other},${a === b ? 1 : 0},${split}-${a},${split}-${b}`);
    }
    manifest = join(folder, 'asv.csv');
    pairs = join(folder, 'trials.csv');
    await writeFile(manifest, rows.join('\n'));
    await writeFile(pairs, trials.join('\n'));
  });

  const wanted = (more = {}) => ({ name: 'asv', manifest, pairs, settings: { ...settings, ...more } });

  test('tells voices that it never heard apart, with an interval over their speakers, and says nothing of test', async () => {
    const { records, comparison } = await run('asv', [wanted()]);
    const [record] = records;
    expect(record?.metrics.eer).toMatchObject({ direction: 'lower', intervalOver: 'units', utterances: 36 });
    expect(record?.metrics.eer?.value).toBeLessThan(0.3);
    expect(record?.chosenOnTest).toBeUndefined();
    expect(record?.curve?.map(({ update }) => update)).toEqual([20, 40]);
    expect((await checkResults([join(folder, 'asv')])).faults).toEqual([]);
    const lines = (await readFile(join(folder, 'asv', 'fbank', 'asv', 'predictions.jsonl'), 'utf8')).trim();
    expect(lines.split('\n')).toHaveLength(36);
    expect(JSON.parse(lines.split('\n')[0] ?? '')).toMatchObject({
      id: 'test-1-0 test-1-1',
      prediction: { score: expect.stringMatching(/^-?[\d.]+/) },
      reference: { enrol: 'test-1-0', test: 'test-1-1', target: '1', enrol_speaker: 'test-1' },
    });
    expect(formatComparison(comparison, 'table')).not.toContain('chosen on test');
    // The trained head says the same again, and something of other trials.
    expect(await asked('asv', manifest, 'test', pairs)).toEqual(record?.metrics);
    expect((await asked('asv', manifest, 'dev', pairs))?.eer?.utterances).toBe(15);
    await expect(asked('asv', manifest, 'test')).rejects.toThrow(/needs a pairs file/);
  });

  test('reads some hidden states alone where the setting layers says so', async () => {
    const brief = { layers: [3], maximumUpdates: 4, evaluateEvery: 2 };
    const { records } = await run('asv-layers', [wanted(brief)], { encoders: ['random:tiny'] });
    expect(records[0]).toMatchObject({ layers: [3], layerWeights: [1] });
  });

  test('hears audio without its pauses: features of its own, crops as windows of what is left', async () => {
    const [heard, plain] = [await planTask(wanted()), await planTask(wanted({ withoutSilence: false }))];
    expect(heard.utterances[0]).toMatchObject({ gainDecibels: -3, withoutSilence: true });
    expect(heard.hashes.audio).not.toBe(plain.hashes.audio);
    const cropped = await planTask(wanted({ crops: { seconds: 0.25, perUtterance: 2 } }));
    expect(cropped.data.train).toHaveLength(18);
    expect(cropped.data.train[0]).toMatchObject({
      id: 'train-0-0#crop-0',
      cropOf: 'train-0-0',
      window: { seconds: 0.25, place: expect.any(Number) },
    });
    expect(cropped.data.test[0]?.window).toBeUndefined();
    expect(cropped.hashes.audio).not.toBe(heard.hashes.audio);
    const again = await planTask(
      wanted({ crops: { seconds: 0.25, perUtterance: 2 } }),
      {},
      0,
      async () => cropped.hashes,
    );
    expect(again.hashes).toEqual(cropped.hashes);
  });

  test('with the preset superb chooses on test, needs no dev, and says so in record and table', async () => {
    const text = (await readFile(manifest, 'utf8')).split('\n').filter((row) => !row.includes(',dev,'));
    const without = join(folder, 'no-dev.csv');
    await writeFile(without, text.join('\n'));
    const trials = join(folder, 'test-trials.csv');
    const rows = (await readFile(pairs, 'utf8')).split('\n').filter((row) => !row.startsWith('dev,'));
    await writeFile(trials, rows.join('\n'));
    const small = {
      ...settings,
      accumulation: 2,
      leastSeconds: 0.3,
      crops: { seconds: 0.3, perUtterance: 2 },
    };
    const superb = { name: 'asv', manifest: without, pairs: trials, settings: small };
    const { records, comparison } = await run('superb', [superb], { training: { preset: 'superb' } });
    expect(records[0]?.chosenOnTest).toBe('checkpoint');
    expect(records[0]?.preset).toMatch(/^superb-/);
    expect(formatComparison(comparison, 'table')).toContain(
      'asv: checkpoint selected on the test split, as in the reference',
    );
    await expect(run('clean', [superb])).rejects.toThrow(
      /has no dev trials. They are needed to select the checkpoint: .* or use the preset superb/,
    );
    const full = await planTask({ name: 'asv', manifest: without, pairs: trials }, { preset: 'superb' });
    expect(full.preset).toBe('superb');
  });

  test('leaves out and names utterances too short for the head, in test with their trials', async () => {
    // 15 frames of 10 ms; nothing is left of silence.
    await writeWav(join(folder, 'short.wav'), voice(0.2, 400 + 14 * 160 + 100, 's'), rate);
    await writeWav(join(folder, 'silent.wav'), new Float32Array(8000), rate);
    const broken = join(folder, 'short.csv');
    const text = await readFile(manifest, 'utf8');
    await writeFile(broken, text.replace('train-0-1.wav', 'silent.wav').replace('test-5-2.wav', 'short.wav'));
    const { records } = await run('short', [{ ...wanted(), manifest: broken }]);
    expect(records[0]?.skipped).toEqual([
      {
        id: 'train-0-1',
        reason: expect.stringMatching(/short.csv:\d+: 'train-0-1' has \d+ frames?, but the head needs 16/),
      },
      {
        id: 'test-5-2',
        reason: expect.stringMatching(/short.csv:\d+: 'test-5-2' has 15 frames, but the head needs 16/),
      },
    ]);
    expect(records[0]?.metrics.eer?.utterances).toBe(28);
  });

  test('refuses the same speaker, speakers of trials in train, and trials of one kind, with file and line', async () => {
    const text = await readFile(manifest, 'utf8');
    const changed = async (name: string, from: string | RegExp, to: string) => {
      const file = join(folder, name);
      await writeFile(file, text.replaceAll(from, to));
      return checkTaskManifest({ task: 'asv', manifest: file, pairs, deep: false });
    };
    const one = await changed('one.csv', /train-\d$/gm, 'anna');
    expect(one.problems.map(({ message }) => message)).toEqual([
      expect.stringMatching(
        /one.csv: all train utterances are of one speaker, 'anna'. Add utterances of other speakers/,
      ),
    ]);
    const known = await changed('known.csv', /,test-1$/gm, ',train-0');
    expect(known.problems[0]?.message).toMatch(
      /known.csv:17: speaker 'train-0' of split 'test' is also in train/,
    );
    const file = join(folder, 'one-kind.csv');
    await writeFile(
      file,
      'split,enrol,test,target\ntest,test-1-0,test-3-0,0\ndev,dev-1-0,dev-3-0,0\ndev,dev-1-0,dev-1-1,1\n',
    );
    await expect(planTask({ ...wanted(), pairs: file })).rejects.toThrow(
      /one-kind.csv: all trials of split 'test' are of different speakers/,
    );
  });

  test('is exported with its encoder: embeddings of any waveform that is long enough', async () => {
    const encoder = await loadEncoder('fbank', 1, { quiet: true });
    const written = await exportOnnx(encoder, join(folder, 'asv.onnx'), {
      head: join(folder, 'asv', 'fbank', 'asv', headFileName),
      threads: 1,
    });
    expect(written.outputs).toEqual(['embedding']);
    expect(written.checks.map(({ shape }) => shape)).toEqual([[16], [16], [16]]);
  });
});

describe('sd', () => {
  const settings = { lstmSize: 16, batchSize: 4, maximumUpdates: 60, evaluateEvery: 20 };
  let manifest: string;
  beforeAll(async () => {
    const rows = ['id,path,split,turns'];
    for (const [split, count] of Object.entries({ train: 12, dev: 3, test: 4 }))
      for (let i = 0; i < count; i++) {
        const random = randomStream(i, `turns of ${split}`);
        const length = 12_000;
        const samples = new Float32Array(length);
        const turns = [0.2, 0.7].map((pitch, speaker) => {
          const start = Math.floor(random.uniform() * 4000);
          const end = start + 4000 + Math.floor(random.uniform() * 3000);
          samples.set(
            voice(pitch, end - start, `${i}`).map((value, n) => value + (samples[start + n] ?? 0)),
            start,
          );
          return `s${speaker} ${(start / rate).toFixed(2)} ${(end / rate).toFixed(2)}`;
        });
        await writeWav(join(folder, `${split}-${i}.wav`), samples, rate);
        rows.push(`${split}-${i},${split}-${i}.wav,${split},${turns.join('; ')}`);
      }
    manifest = join(folder, 'sd.csv');
    await writeFile(manifest, rows.join('\n'));
  });

  const wanted = (more = {}) => ({ name: 'sd', manifest, settings: { ...settings, ...more } });

  test('says who speaks when in recordings that it never heard, overlap among it', async () => {
    const { records } = await run('sd', [wanted()]);
    const [record] = records;
    expect(record?.metrics.der).toMatchObject({
      direction: 'lower',
      intervalOver: 'utterances',
      utterances: 4,
    });
    expect(record?.metrics.der?.value).toBeLessThan(0.5);
    expect(record?.chosenOnTest).toBeUndefined();
    const text = await readFile(join(folder, 'sd', 'fbank', 'sd', 'predictions.jsonl'), 'utf8');
    const { prediction } = JSON.parse(text.split('\n')[0] ?? '') as { readonly prediction: string };
    expect(parseTurns(prediction).map(({ speaker }) => speaker)).toEqual(expect.arrayContaining(['1', '2']));
    expect((await checkResults([join(folder, 'sd')])).faults).toEqual([]);
    expect(await asked('sd', manifest, 'test')).toEqual(record?.metrics);
  });

  test('reads some hidden states alone where the setting layers says so', async () => {
    const brief = { layers: ['1-2'], maximumUpdates: 4, evaluateEvery: 2 };
    const { records } = await run('sd-layers', [wanted(brief)], { encoders: ['random:tiny'] });
    expect(records[0]).toMatchObject({
      layers: [1, 2],
      layerWeights: [expect.any(Number), expect.any(Number)],
    });
  });

  test('cuts recordings into pieces, at which its LSTM begins anew', async () => {
    const { records } = await run('pieces', [wanted({ pieceFrames: 30 })]);
    expect(records[0]?.metrics.der?.value).toBeLessThan(0.6);
  });

  test('with the preset superb takes the best threshold and filter on test, and says so', async () => {
    const { records, comparison } = await run('sd-superb', [wanted({ accumulation: 2 })], {
      training: { preset: 'superb' },
    });
    expect(records[0]?.chosenOnTest).toBe('threshold and median filter');
    expect(formatComparison(comparison, 'markdown')).toContain(
      'sd: threshold and median filter selected on the test split, as in the reference',
    );
    const full = await planTask({ name: 'sd', manifest }, { preset: 'superb' });
    expect(full).toMatchObject({ preset: 'superb', head: { spec: { speakers: 2 } } });
  });

  test('refuses turns that are none, that overlap, or of too many speakers, with file and line', async () => {
    const file = join(folder, 'bad.csv');
    const text = await readFile(manifest, 'utf8');
    const lines = text.split('\n');
    const bad = ['anna 1', 'anna 0 2; anna 1 3', 'a 0 1; b 0 1; c 0 1; d 0 1; e 0 1', 'anna 0 0.5'];
    for (const [i, turns] of bad.entries()) lines[i + 1] = `train-${i},train-${i}.wav,train,${turns}`;
    await writeFile(file, lines.join('\n'));
    const { problems } = await checkTaskManifest({ task: 'sd', manifest: file, deep: false });
    expect(problems.map(({ message }) => message.replace(`${folder}/`, ''))).toEqual([
      expect.stringMatching(/^bad.csv:2: invalid value for 'turns': invalid turn 'anna 1'/),
      "bad.csv:3: overlapping turns of 'anna': one ends at 2 s, the next starts at 1 s. Merge them into one turn",
      expect.stringMatching(/^bad.csv:4: 'train-2' has 5 speakers. The limit is 4/),
    ]);
  });

  test('is exported with its encoder: logits of every frame', async () => {
    const encoder = await loadEncoder('fbank', 1, { quiet: true });
    const written = await exportOnnx(encoder, join(folder, 'sd.onnx'), {
      head: join(folder, 'sd', 'fbank', 'sd'),
      threads: 1,
    });
    expect(written.outputs).toEqual(['logits']);
    expect(written.checks.map(({ shape }) => shape[1])).toEqual([2, 2, 2]);
  });
});

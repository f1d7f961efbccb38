/** @file Results for tests of the page: two tasks, three encoders, one of them pre-trained, and hostile texts. */
import { dirname, join } from 'node:path';
import { asr } from '../../../tasks/asr/index.js';
import { ks } from '../../../tasks/ks/index.js';
import type { Task } from '../../api/task.js';
import { writeManifest } from '../../data/manifest.js';
import { loadEncoder } from '../../encoders/load.js';
import { pretrain } from '../../pretrain/train.js';
import { melConfig, trainingEngine, writeUtterances } from '../../pretrain/training.fixture.js';
import { writeLayers } from '../layers-file.js';
import { recordedPath } from '../places.js';
import type { PredictionLine } from '../record.js';
import { newRecord } from '../records.fixture.js';
import { judgeRows, rowOf } from '../rows.js';
import { writeRecord } from '../store.js';

/** Would run if anything of it were taken for markup. */
export const hostile = `</script><img src=x onerror="document.title='owned'"><b>x`;

/** An encoder of that name. */
export const badName = `bad ${hostile}`;

const texts = ['THE BUS WAS FULL', 'ANNA WILL FIND THE GREEN APPLE', 'NO', 'WE WALKED HOME AT NIGHT', 'YES'];

/** What encoders heard: all of it, the first words, something else with a hostile text in it. */
const heard: Readonly<Record<string, (text: string, i: number) => string>> = {
  good: (text) => text,
  tiny: (text, i) => (i % 2 === 0 ? text : text.split(' ').slice(0, 2).join(' ')),
  [badName]: (text) => `${hostile} ${text} TOO`,
};

const words = ['go', 'stop', 'go', 'left', 'stop'];
const guessed: Readonly<Record<string, (word: string, i: number) => string>> = {
  good: (word) => word,
  tiny: (word, i) => (i === 1 ? 'go' : word),
  [badName]: () => hostile,
};

/** What was written: folders and files for `ehmam report`. */
export interface PageResults {
  readonly results: string;
  readonly manifest: string;
  /** Of `ehmam pretrain`. */
  readonly run: string;
}

/** Writes results with predictions, a pre-training run of six steps, and the sound of the utterances. */
export async function writePageResults(folder: string): Promise<PageResults> {
  const utterances = await writeUtterances(folder);
  const [results, manifest, run] = [join(folder, 'results'), join(folder, 'asr.csv'), join(folder, 'tiny')];
  await writeManifest(
    manifest,
    utterances.map(({ id, path }, i) => ({ id, path, split: 'test', text: texts[i] ?? '' })),
  );
  const engine = await trainingEngine();
  await pretrain({ config: melConfig, utterances, out: run, engine, quiet: true });
  const { hash } = await loadEncoder(run);
  const lines = (
    said: readonly string[],
    of: Readonly<Record<string, (text: string, i: number) => string>>,
    encoder: string,
  ): PredictionLine[] =>
    said.map((reference, i) => ({ id: `u${i}`, reference, prediction: of[encoder]?.(reference, i) ?? '' }));
  for (const [encoder, own] of Object.entries({
    good: 'fbank',
    tiny: run,
    [badName]: 'random:x',
  })) {
    const origin = { spec: own, hash: own === run ? hash : `hash of ${encoder}` };
    await write(results, asr, encoder, origin, manifest, lines(texts, heard, encoder));
    await write(results, ks, encoder, origin, manifest, lines(words, guessed, encoder));
  }
  return { results, manifest, run };
}

async function write(
  results: string,
  task: Task,
  encoder: string,
  { spec, hash }: { readonly spec: string; readonly hash: string },
  manifest: string,
  lines: readonly PredictionLine[],
): Promise<void> {
  const values = judgeRows(
    task,
    lines.map((line) => rowOf(task, line)),
  );
  const metrics = task.metrics.map(({ name, direction }) => {
    const value = values[name]?.value ?? 0;
    const interval: [number, number] = [Math.max(0, value - 0.1), value + 0.1];
    return [name, { value, direction, interval, utterances: lines.length }] as const;
  });
  const record = newRecord({
    encoder: {
      name: encoder,
      spec: recordedPath(spec, results),
      hash,
      family: spec === 'fbank' ? 'fbank' : 'ehmam',
    },
    task: { name: task.name, version: task.version },
    manifest: { path: recordedPath(manifest, results), hash: `hash of ${task.name}` },
    metrics: Object.fromEntries(metrics),
    curve: [10, 20, 30].map((update) => ({
      update,
      trainLoss: 30 / update,
      devLoss: 40 / update,
      devMetric: 0.5,
    })),
  });
  const { path } = await writeRecord(results, record, lines);
  if (task.name !== 'ks') return;
  // Heads on one hidden state each: the second is right, the others are as the record has it.
  const states = [0, 1, 2].map((layer) => ({ layer, chosen: 0.01, devMetric: 0.5, metrics: record.metrics }));
  const accuracy = { value: 1, direction: 'higher' as const, utterances: lines.length };
  const layers = states.map((state) => (state.layer === 1 ? { ...state, metrics: { accuracy } } : state));
  const { encoder: origin, task: of, manifest: data, preset, seed, engine, createdAt } = record;
  const costs = { seconds: 1 };
  await writeLayers(
    dirname(path),
    { encoder: origin, task: of, manifest: data, preset, seed, engine, createdAt, costs, layers },
    lines.map(({ id, reference, prediction }) => ({
      id,
      reference,
      predictions: [prediction, reference, prediction],
    })),
  );
}

/** @file Mutated checkpoints, thousands where $EHMAM_MUTATIONS says so: each is loaded or refused in words, and no more. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { compileEntry, type Entry } from '../../cli/entry.fixture.js';
import { exportFolder } from '../../cli/export/folder.js';
import { loadEncoder } from '../load.js';
import { type MadeUp, modelBytes, ofFeatures, plain, withState } from '../onnx/made-up.fixture.js';
import { loadRecogniser } from '../recogniser.js';
import type { Ending } from './child.fixture.js';
import { type Files, mutant } from './mutate.fixture.js';
import { askedProcess } from './process.fixture.js';

const count = Number(process.env.EHMAM_MUTATIONS ?? 500);
const seed = Number(process.env.EHMAM_MUTATION_SEED ?? 1);
const mostBytes = 1e9;

let entry: Entry;
let root: string;
beforeAll(async () => {
  entry = await compileEntry();
  root = await mkdtemp(join(tmpdir(), 'ehmam-mutations-'));
});
afterAll(async () => {
  await rm(root, { recursive: true, force: true });
});

interface Subject {
  readonly files: Files;
  /** The file that is the SPEC; absent where it is the folder. */
  readonly file?: string;
}

/** A folder's files, without those that only tests read. */
async function filesOf(folder: string, only?: string): Promise<Files> {
  const names = (await readdir(folder)).filter(
    (name) =>
      (only === undefined || name === only) &&
      !/^((input|hidden_states|update)\.safetensors|tokens\.json)$/.test(name),
  );
  return new Map(
    await Promise.all(
      names.map(async (name) => [name, Uint8Array.from(await readFile(join(folder, name)))] as const),
    ),
  );
}

async function subjects(): Promise<Subject[]> {
  const hub = 'test/fixtures/huggingface';
  const [small, official] = ['test/fixtures/ehmam-12-heads', 'test/fixtures/ehmam-official'];
  const own = join(root, 'own');
  await exportFolder(await loadEncoder(join(small, 'tiny.pt')), own, undefined);
  const recogniser = join(root, 'recogniser');
  const { encoder, recognition } = await loadRecogniser('test/fixtures/huggingface-recognisers/wavlm');
  await exportFolder(encoder, recogniser, undefined, { recognition });
  return [
    { files: await filesOf(own) },
    { files: await filesOf(join(hub, 'wavlm-group')) },
    { files: await filesOf(join(hub, 'data2vec-audio')) },
    { files: await filesOf(join(hub, 'hubert-group')) },
    { files: await filesOf(join(hub, 'whisper')) },
    { files: await filesOf(join(hub, 'wav2vec2-bert')) },
    { files: await filesOf('test/fixtures/fairseq', 'wav2vec2.pt'), file: 'wav2vec2.pt' },
    {
      files: new Map([
        ...(await filesOf('test/fixtures/fairseq', 'wav2vec2-ctc.pt')),
        ['dict.ltr.txt', new TextEncoder().encode('| 1\n')],
      ]),
      file: 'wav2vec2-ctc.pt',
    },
    { files: await filesOf(recogniser) },
    { files: await filesOf(join('test/fixtures/huggingface-recognisers', 'hubert')) },
    { files: await filesOf(small, 'tiny.pt'), file: 'tiny.pt' },
    { files: await filesOf('test/fixtures/torch-files', 'data2vec2.pt'), file: 'data2vec2.pt' },
    { files: await filesOf(official, 'tiny-legacy.pt'), file: 'tiny-legacy.pt' },
    ...graphSubjects(),
  ];
}

/** ONNX files: alone, with weights beside it, over windows of a front end's frames. */
function graphSubjects(): Subject[] {
  const json = (description: object): Uint8Array => new TextEncoder().encode(JSON.stringify(description));
  const [weight, ...rest] = plain.weights ?? [];
  const beside = {
    ...weight,
    rawData: undefined,
    dataLocation: 1,
    externalData: [{ key: 'location', value: 'beside.weights' }],
  } as unknown as NonNullable<MadeUp['weights']>[number];
  const windows = {
    frontEnd: { preset: 'kaldi', bins: 2 },
    input: { name: 'features' },
    lengths: 'feature_lengths',
    mask: 'attention_mask',
    window: { of: 'frames', size: 4, hop: 2, overlap: 'middle' },
  };
  return [
    { files: new Map([['plain.onnx', Uint8Array.from(modelBytes(plain))]]), file: 'plain.onnx' },
    {
      files: new Map([
        ['model.onnx', Uint8Array.from(modelBytes({ ...plain, weights: [beside, ...rest] }))],
        ['beside.weights', weight?.rawData as Uint8Array],
      ]),
    },
    {
      files: new Map([
        ['model.onnx', Uint8Array.from(modelBytes(ofFeatures))],
        ['encoder.json', json(windows)],
      ]),
    },
    {
      files: new Map([
        ['model.onnx', Uint8Array.from(modelBytes(withState))],
        [
          'encoder.json',
          json({
            outputs: [{ name: 'total', layout: ['batch', 'dim'] }],
            constants: { sr: 2 },
            state: { before: 'total' },
            window: { size: 400, context: 20 },
          }),
        ],
      ]),
    },
  ];
}

it(`${count} mutated checkpoints load or are refused in a line a problem, soon, in little memory, leaving nothing behind`, async () => {
  const [home, place] = [join(root, 'home'), join(root, 'checkpoint')];
  await mkdir(home);
  const all = await subjects();
  const { ask, stop } = askedProcess<Ending>(entry.compiled('src/encoders/mutations/child.fixture.js'), home);
  const failures: string[] = [];
  const outcomes = { loaded: 0, refused: 0 };
  let [peakBytes, slowest] = [0, 0];
  await ask(join(root, 'own')); // The process has started, and waits.
  for (let i = 0; i < count; i++) {
    const subject = all[i % all.length] as Subject;
    const { what, files } = mutant(subject.files, seed, i);
    await rm(place, { recursive: true, force: true });
    await mkdir(place);
    for (const [name, bytes] of files) await writeFile(join(place, name), bytes);
    const started = performance.now();
    const ending = await ask(subject.file === undefined ? place : join(place, subject.file));
    slowest = Math.max(slowest, (performance.now() - started) / 1000);
    if (typeof ending !== 'string') peakBytes = Math.max(peakBytes, ending.peakBytes);
    if (typeof ending === 'string') failures.push(`${what}: ${ending}`);
    else if (ending.outcome === 'failed') failures.push(`${what}: ${ending.message}`);
    else outcomes[ending.outcome]++;
    if (typeof ending !== 'string' && ending.peakBytes > mostBytes) {
      failures.push(`${what}: ${ending.peakBytes} bytes`);
      stop();
      break;
    }
    expect((await readdir(place)).sort()).toEqual([...files.keys()].sort());
  }
  stop();
  if (process.env.EHMAM_MUTATIONS !== undefined) console.log({ ...outcomes, peakBytes, slowest });
  expect(failures).toEqual([]);
  expect(await readdir(home)).toEqual([]);
  expect((await readdir(root)).sort()).toEqual(['checkpoint', 'home', 'own', 'recogniser']);
  // Mutations that change nothing would prove nothing.
  expect(outcomes.refused).toBeGreaterThan(count / 2);
}, 600_000);

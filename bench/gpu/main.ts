/** @file Benchmark: what runs on a CUDA device, beside PyTorch on the same device in the same minutes. One table. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import Table from 'cli-table3';
import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';
import { sampleRateHz, writeWav } from '../../src/audio/index.js';
import { messageOf } from '../../src/base/errors.js';
import { randomStream } from '../../src/base/random.js';
import { frameCount } from '../../src/encoders/families/ehmam.js';
import { type Competitor, startNode, startPyTorch } from '../competitor.js';
import { asrDescription, asrInputs } from '../heads/asr-inputs.js';
import { normals } from '../normals.js';
import type { Place } from '../place.js';
import { gpuSizes, pytorchQuestion, sharedDescription } from '../pretrain-sizes.js';
import { median } from '../statistics.js';

const questions = ['tiny', 'small', 'base', 'asr', 'features', 'run'] as const;

const options = await yargs(hideBin(process.argv))
  .scriptName('bench:gpu')
  .usage(
    '$0: updates, heads and features on a CUDA device, ours and PyTorch ($EHMAM_PYTHON, default python3)',
  )
  .options({
    device: {
      choices: ['cuda', 'host'] as const,
      default: 'cuda' as const,
      describe: 'host: the processor in the place of a device',
    },
    precisions: { choices: ['fp32', 'tf32'] as const, array: true, default: ['tf32'] as ('fp32' | 'tf32')[] },
    questions: { choices: questions, array: true, default: [...questions] as (typeof questions)[number][] },
    steps: { type: 'number', default: 20, describe: 'steps that are counted' },
    warm: { type: 'number', default: 5, describe: 'steps before them' },
    deterministic: { type: 'boolean', default: false, describe: 'our side: kernels that repeat' },
    json: { type: 'boolean', default: false, describe: 'print JSON' },
  })
  .strict()
  .parse();

interface Side {
  readonly milliseconds: number;
  readonly fastest: number;
  readonly deviceMegabytes: number | undefined;
  readonly loss: number;
}
/** A side that could not be measured says why. */
interface Failed {
  readonly failure: string;
}
interface Row {
  readonly name: string;
  readonly precision: string;
  readonly ours: Side | Failed;
  /** Undefined where torch cannot be imported. */
  readonly pytorch: Side | Failed | undefined;
}

const threads = Math.min(8, availableParallelism());
const rows: Row[] = [];
for (const precision of options.precisions) {
  const place: Place = {
    ...{ device: options.device, precision },
    ...(options.deterministic && { deterministic: true }),
  };
  for (const question of options.questions)
    for await (const row of ask(question, place)) {
      rows.push(row);
      // A run that is cut off leaves what it measured.
      process.stderr.write(
        `${row.name}, ${row.precision}: ${told(row.ours)}; PyTorch ${told(row.pytorch)}\n`,
      );
    }
}
if (options.json) console.log(JSON.stringify({ device: options.device, rows }, null, 1));
else print();

async function* ask(question: (typeof questions)[number], place: Place): AsyncGenerator<Row> {
  if (question === 'asr')
    for (const lengths of ['different', 'equal'] as const) yield recognition(lengths, place);
  else if (question === 'features') yield* featureRows(place);
  else if (question === 'run') yield await wholeRun(place);
  else yield update(question, place);
}

async function update(name: string, place: Place): Promise<Row> {
  const size = gpuSizes.find((one) => one.name === name);
  if (size === undefined) throw new Error(`no size ${name}`);
  const shared = { ...sharedDescription(size), place };
  const { description, tensors } = pytorchQuestion(size);
  return {
    name: `update, ${name}`,
    precision: place.precision,
    ours: await timed(() => startNode('pretrain-step.js', { description: shared, tensors: {}, threads })),
    pytorch: await timed(() =>
      startPyTorch('pretrain_step.py', { description: { ...description, place }, tensors, threads }),
    ),
  };
}

/** Pre-training from files, as `ehmam pretrain` runs it: input, masks and teacher included. */
async function wholeRun(place: Place): Promise<Row> {
  const size = gpuSizes.find(({ name }) => name === (place.device === 'cuda' ? 'base' : 'small'));
  if (size === undefined) throw new Error('no size for a run');
  const { masking, batch, teacher, encoder } = size.config;
  const folder = await mkdtemp(join(tmpdir(), 'ehmam-speech-'));
  try {
    const manifest = await writeNoise(folder);
    const shared = { ...sharedDescription(size), manifest, place };
    const { description, tensors } = pytorchQuestion(size);
    const samples = Math.round(size.seconds * sampleRateHz);
    const frames = frameCount(encoder, samples);
    const own = { masking, samples, frames, batch: batch.size, topBlocks: teacher.topBlocks };
    const { student, teacher: followed } = tensors;
    return {
      name: `pre-training from files, ${size.name}`,
      precision: place.precision,
      ours: await timed(() =>
        startNode('gpu/pretrain-run.js', { description: shared, tensors: {}, threads }),
      ),
      pytorch: await timed(() =>
        startPyTorch('pretrain_run.py', {
          description: { ...description, ...shared, ...own },
          tensors: { student, teacher: followed },
          threads,
        }),
      ),
    };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Recordings of noise, half a minute each: the manifest. */
async function writeNoise(folder: string): Promise<string> {
  const rows = ['id,path,split'];
  for (let i = 0; i < 32; i++) {
    const { data } = normals(randomStream(1, 'recording', i), [30 * sampleRateHz], 0.1);
    await writeWav(join(folder, `${i}.wav`), data as Float32Array, sampleRateHz);
    rows.push(`${i},${i}.wav,train`);
  }
  const manifest = join(folder, 'speech.csv');
  await writeFile(manifest, `${rows.join('\n')}\n`);
  return manifest;
}

async function recognition(lengths: 'different' | 'equal', place: Place): Promise<Row> {
  const description = { ...asrDescription(lengths), place };
  return {
    name: `recognition head, ${lengths} lengths`,
    precision: place.precision,
    ours: await timed(() => startNode('heads/asr-step.js', { description, tensors: {}, threads })),
    pytorch: await timed(() =>
      startPyTorch('asr_step.py', { description, tensors: asrInputs(lengths), threads }),
    ),
  };
}

async function* featureRows(place: Place): AsyncGenerator<Row> {
  const kinds: readonly { name: string; seconds: number; clips: number; halves?: true; means?: true }[] =
    place.device === 'cuda'
      ? [
          { name: 'hidden states of 10 s, to the host', seconds: 10, clips: 1 },
          { name: 'the same as halves', seconds: 10, clips: 1, halves: true },
          { name: 'means of 64 clips of 1 s', seconds: 1, clips: 64, means: true },
        ]
      : // The host shows that the question works, not what a device does.
        [
          { name: 'hidden states of 1 s', seconds: 1, clips: 1 },
          { name: 'the same as halves', seconds: 1, clips: 1, halves: true },
          { name: 'means of 2 clips of 1 s', seconds: 1, clips: 2, means: true },
        ];
  for (const { name, halves = false, means = false, ...clips } of kinds) {
    const question = { description: { ...clips, halves, means, place }, tensors: {}, threads };
    yield {
      name,
      precision: place.precision,
      ours: await timed(() => startNode('gpu/features-step.js', question)),
      pytorch: await timed(() => startPyTorch('features_step.py', question)),
    };
  }
}

function timed(start: () => Promise<Competitor>): Promise<Side | Failed>;
function timed(start: () => Promise<Competitor | undefined>): Promise<Side | Failed | undefined>;
async function timed(start: () => Promise<Competitor | undefined>): Promise<Side | Failed | undefined> {
  try {
    const side = await start();
    return side && (await stepsOf(side));
  } catch (error) {
    return { failure: messageOf(error).split('\n').at(-1) ?? '' };
  }
}

async function stepsOf(side: Competitor): Promise<Side> {
  const seconds: number[] = [];
  let loss = Number.NaN;
  for (let step = 0; step < options.warm + options.steps; step++) {
    const answer = await side.ask('step');
    if (step === 0) loss = Number(answer.loss);
    if (step >= options.warm) seconds.push(Number(answer.seconds));
  }
  const { deviceMegabytes } = await side.ask('memory');
  await side.close();
  return {
    milliseconds: median(seconds) * 1000,
    fastest: Math.min(...seconds) * 1000,
    deviceMegabytes: deviceMegabytes === undefined ? undefined : Number(deviceMegabytes),
    loss,
  };
}

function told(side: Side | Failed | undefined): string {
  if (side === undefined) return 'not there';
  return 'failure' in side ? side.failure : `${side.milliseconds.toFixed(2)} ms`;
}

function print(): void {
  const head = [
    '',
    'precision',
    'ours, ms',
    'fastest',
    'PyTorch, ms',
    'fastest',
    'x PyTorch',
    'MB, ours',
    'MB, PyTorch',
    'loss',
    'loss',
  ];
  const table = new Table({ head, style: { head: [], border: [] } });
  for (const { name, precision, ours, pytorch } of rows) {
    const [a, b] = [measured(ours), measured(pytorch)];
    table.push([
      name,
      precision,
      told(ours).replace(' ms', ''),
      a?.fastest.toFixed(2) ?? '',
      pytorch === undefined ? '' : told(pytorch).replace(' ms', ''),
      b?.fastest.toFixed(2) ?? '',
      a === undefined || b === undefined ? '' : (b.milliseconds / a.milliseconds).toFixed(2),
      a?.deviceMegabytes?.toFixed(0) ?? '',
      b?.deviceMegabytes?.toFixed(0) ?? '',
      a?.loss.toFixed(5) ?? '',
      b?.loss.toFixed(5) ?? '',
    ]);
  }
  console.log(table.toString());
}

function measured(side: Side | Failed | undefined): Side | undefined {
  return side === undefined || 'failure' in side ? undefined : side;
}

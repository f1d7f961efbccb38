/** @file Benchmark: what runs on a CUDA device, beside PyTorch on the same device in the same minutes. One table. */
import Table from 'cli-table3';
import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';
import { type Competitor, startNode, startPyTorch } from '../competitor.js';
import { asrDescription, asrInputs } from '../heads/asr-inputs.js';
import type { Place } from '../place.js';
import { gpuSizes, pytorchQuestion, sharedDescription } from '../pretrain-sizes.js';
import { median } from '../statistics.js';

const questions = ['tiny', 'small', 'base', 'asr', 'features'] as const;

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
interface Row {
  readonly name: string;
  readonly precision: string;
  readonly ours: Side;
  readonly pytorch: Side | undefined;
}

const threads = 8;
const rows: Row[] = [];
for (const precision of options.precisions) {
  const place: Place = { device: options.device, precision };
  for (const question of options.questions) rows.push(...(await ask(question, place)));
}
if (options.json) console.log(JSON.stringify({ device: options.device, rows }, null, 1));
else print();

async function ask(question: (typeof questions)[number], place: Place): Promise<Row[]> {
  if (question === 'asr') return [await recognition('different', place), await recognition('equal', place)];
  if (question === 'features') return featureRows(place);
  return [await update(question, place)];
}

async function update(name: string, place: Place): Promise<Row> {
  const size = gpuSizes.find((one) => one.name === name);
  if (size === undefined) throw new Error(`no size ${name}`);
  const shared = { ...sharedDescription(size), place };
  const ours = await timed(
    await startNode('pretrain-step.js', { description: shared, tensors: {}, threads }),
  );
  const question = pytorchQuestion(size);
  const description = { ...question.description, place };
  const { tensors } = question;
  const pytorch = await startPyTorch('pretrain_step.py', { description, tensors, threads });
  return {
    name: `update, ${name}`,
    precision: place.precision,
    ours,
    pytorch: pytorch && (await timed(pytorch)),
  };
}

async function recognition(lengths: 'different' | 'equal', place: Place): Promise<Row> {
  const inputs = asrInputs(lengths);
  const description = { ...asrDescription(lengths), place };
  const ours = await timed(await startNode('heads/asr-step.js', { description, tensors: {}, threads }));
  const pytorch = await startPyTorch('asr_step.py', { description, tensors: inputs, threads });
  return {
    name: `recognition head, ${lengths} lengths`,
    precision: place.precision,
    ours,
    pytorch: pytorch && (await timed(pytorch)),
  };
}

async function featureRows(place: Place): Promise<Row[]> {
  const kinds = [
    { name: 'hidden states of 10 s, to the host', seconds: 10, clips: 1, means: false },
    { name: 'means of 64 clips of 1 s', seconds: 1, clips: 64, means: true },
  ];
  const found: Row[] = [];
  for (const { name, ...kind } of kinds) {
    const description = { ...kind, place };
    const ours = await timed(await startNode('gpu/features-step.js', { description, tensors: {}, threads }));
    const pytorch = await startPyTorch('features_step.py', { description, tensors: {}, threads });
    found.push({ name, precision: place.precision, ours, pytorch: pytorch && (await timed(pytorch)) });
  }
  return found;
}

async function timed(side: Competitor): Promise<Side> {
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
  for (const { name, precision, ours, pytorch } of rows)
    table.push([
      name,
      precision,
      ours.milliseconds.toFixed(2),
      ours.fastest.toFixed(2),
      pytorch?.milliseconds.toFixed(2) ?? '',
      pytorch?.fastest.toFixed(2) ?? '',
      pytorch === undefined ? '' : (pytorch.milliseconds / ours.milliseconds).toFixed(2),
      ours.deviceMegabytes?.toFixed(0) ?? '',
      pytorch?.deviceMegabytes?.toFixed(0) ?? '',
      ours.loss.toFixed(5),
      pytorch?.loss.toFixed(5) ?? '',
    ]);
  console.log(table.toString());
}

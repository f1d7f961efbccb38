/** @file Benchmark: one update of fine-tuning with CTC, compiled and in PyTorch, side by side at several sizes. */
import { availableParallelism } from 'node:os';
import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';
import type { HostTensor } from '../src/base/host-tensor.js';
import { localFeatures } from '../src/encoders/families/ehmam.js';
import type { EhmamConfig } from '../src/encoders/families/ehmam-config.js';
import { createEngine } from '../src/engine/create.js';
import type * as tf from '../src/engine/ops.js';
import type { Tree } from '../src/engine/tree.js';
import { startNode, startPyTorch } from './competitor.js';
import { type Duel, duel, printDuels } from './duel.js';
import {
  type FinetuneSize,
  type FinetuneUpdate,
  finetuneAlphabet,
  finetuneSettings,
  finetuneSizes,
  finetuneUpdate,
} from './finetune-sizes.js';

const options = await yargs(hideBin(process.argv))
  .scriptName('bench:finetune')
  .usage('$0: one update of fine-tuning, compiled and in PyTorch ($EHMAM_PYTHON, default python3)')
  .options({
    sizes: { type: 'string', array: true, default: finetuneSizes.map(({ name }) => name) },
    threads: { type: 'number', default: availableParallelism(), describe: 'for ONNX Runtime and PyTorch' },
    rounds: { type: 'number', default: 3, describe: 'times that the two take turns' },
    steps: { type: 'number', default: 2, describe: 'updates a turn' },
    json: { type: 'boolean', default: false, describe: 'print JSON' },
  })
  .strict()
  .parse();

const rows: Duel[] = [];
for (const size of finetuneSizes.filter(({ name }) => options.sizes.includes(name)))
  rows.push(await measure(size));
if (options.json) console.log(JSON.stringify({ threads: options.threads, rows }, null, 1));
else printDuels(rows);

async function measure(size: FinetuneSize): Promise<Duel> {
  const { threads } = options;
  const update = await finetuneUpdate(size);
  const { trained, parameters } = update;
  const compiled = await startNode('finetune-step.js', {
    description: { size: size.name },
    tensors: {},
    threads,
  });
  const pytorch = await startPyTorch('finetune_step.py', {
    description: {
      encoder: trained.encoder.config,
      optimizer: finetuneSettings.optimizer,
      learningRate: finetuneSettings.learningRate,
      blank: finetuneAlphabet.blank,
      parts: update.parts.length,
      trained: Object.keys(parameters).filter((name) => !trained.isFixed(name)),
    },
    tensors: { parameters, ...(await partsForPyTorch(update)) },
    threads,
  });
  const count = Object.values(parameters).reduce((sum, { data }) => sum + data.length, 0);
  return duel({ name: size.name, parameters: count }, compiled, pytorch, options);
}

/** What a part is made of but for the key of its dropout; frames of log-mel energies, which have no parameters, ready made. */
async function partsForPyTorch({ trained: { encoder }, parts }: FinetuneUpdate) {
  const config = encoder.config as EhmamConfig;
  const isMel = config.family === 'ehmam' && config.frontend.type === 'mel';
  const engine = isMel ? await createEngine('onnx', { threads: options.threads }) : undefined;
  const features = engine?.compile(
    ({ waveform }: { waveform: tf.Tensor }) => ({ features: localFeatures(config, {}, waveform) }),
    { name: 'log-mel frames' },
  );
  const all: Record<string, Tree<HostTensor>> = {};
  for (const [i, { speech, text, masks }] of parts.entries()) {
    const { waveform } = speech;
    all[`part${i}`] = {
      speech: { waveform },
      text,
      masks: { ...masks },
      ...(await features?.run({ waveform })),
    };
  }
  await features?.dispose();
  return all;
}

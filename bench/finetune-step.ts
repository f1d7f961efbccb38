/** @file Our side of `bench/finetune`, in a process of its own: the compiled update, driven line by line. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createEngine } from '../src/engine/create.js';
import { recognitionLogits, recognitionLoss, type UpdateInputs } from '../src/finetune/model.js';
import { optimizerOf } from '../src/finetune/trained.js';
import { adamStart } from '../src/nn/adam.js';
import { compileUpdates } from '../src/training/updates.js';
import { answerSteps } from './contestant.js';
import { finetuneAlphabet, finetuneSettings, finetuneSizes, finetuneUpdate } from './finetune-sizes.js';

const description = JSON.parse(await readFile(join(process.argv[2] ?? '', 'step.json'), 'utf8')) as {
  size: string;
  threads: number;
};
const size = finetuneSizes.find(({ name }) => name === description.size);
if (size === undefined) throw new Error(`no size ${description.size}`);

const { trained, parameters, parts } = await finetuneUpdate(size);
const engine = await createEngine('onnx', { threads: description.threads });
const updates = compileUpdates<UpdateInputs>(
  engine,
  (all, { speech, text, masks, key }) =>
    recognitionLoss(
      recognitionLogits(trained.encoder, all, speech, { masks, key }),
      text,
      finetuneAlphabet.blank,
    ),
  optimizerOf(trained, finetuneSettings, parameters),
  'recogniser',
);
let weights = updates.hold({ parameters, moments: adamStart(parameters) }, 0);
let update = 0;

await answerSteps(description.threads, async () => {
  const { learningRate } = finetuneSettings;
  const started = performance.now();
  const next = await updates.update(weights, parts, { updatesBefore: update, learningRate });
  const seconds = (performance.now() - started) / 1000;
  weights = next.weights;
  update++;
  return { seconds, loss: next.loss };
});

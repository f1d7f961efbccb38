/** @file Our side of `bench/heads/asr`, in a process of its own: the compiled update, driven line by line. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { int32 } from '../../src/base/host-tensor.js';
import { type CtcUpdate, ctcBatchLoss } from '../../src/heads/frame-ctc/update.js';
import { adamDefaults, adamStart } from '../../src/nn/adam.js';
import { compileUpdates } from '../../src/training/updates.js';
import { answerSteps } from '../contestant.js';
import { engineAt, type Place } from '../place.js';
import { asrInputs, asrModel, asrSettings, type Lengths } from './asr-inputs.js';

const description = JSON.parse(await readFile(join(process.argv[2] ?? '', 'step.json'), 'utf8')) as {
  threads: number;
  learningRate: number;
  lengths: Lengths;
  place?: Place;
};
const { engine, used } = await engineAt(description.place, description.threads);
const updates = compileUpdates<CtcUpdate>(
  engine,
  ctcBatchLoss(asrModel),
  { ...adamDefaults, clipNorm: asrSettings.gradientClip },
  'recognition head',
);
const { parameters, ...inputs } = asrInputs(description.lengths);
let weights = updates.hold({ parameters, moments: adamStart(parameters) }, 0);
let update = 0;

await answerSteps(
  description.threads,
  async () => {
    const { learningRate } = description;
    const started = performance.now();
    const key = int32([], [update + 1]);
    const next = await updates.update(weights, [{ ...inputs, key }], { updatesBefore: update, learningRate });
    const seconds = (performance.now() - started) / 1000;
    weights = next.weights;
    update++;
    return { seconds, loss: next.loss };
  },
  used,
);

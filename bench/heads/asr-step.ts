/** @file Our side of `bench/heads/asr`, in a process of its own: the compiled update, driven line by line. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { int32, scalar } from '../../src/base/host-tensor.js';
import { createEngine } from '../../src/engine/create.js';
import { type CtcUpdate, type CtcUpdated, ctcUpdate } from '../../src/heads/frame-ctc/update.js';
import { adamStart } from '../../src/nn/adam.js';
import { answerSteps } from '../contestant.js';
import { asrInputs, asrModel, type Lengths } from './asr-inputs.js';

const description = JSON.parse(await readFile(join(process.argv[2] ?? '', 'step.json'), 'utf8')) as {
  threads: number;
  learningRate: number;
  lengths: Lengths;
};
const engine = await createEngine('onnx', { threads: description.threads });
const program = engine.compile<CtcUpdate, CtcUpdated>((inputs) => ctcUpdate(inputs, asrModel), {
  name: 'recognition head',
});
const { parameters: start, ...inputs } = asrInputs(description.lengths);
let state = { parameters: start, moments: adamStart(start) };
let update = 0;

await answerSteps(description.threads, async () => {
  const started = performance.now();
  const outputs = await program.run({
    ...inputs,
    ...state,
    step: scalar(update++),
    learningRate: scalar(description.learningRate),
    key: int32([], [update]),
  });
  const seconds = (performance.now() - started) / 1000;
  state = { parameters: outputs.parameters, moments: outputs.moments };
  return { seconds, loss: Number(outputs.loss.data[0]) };
});

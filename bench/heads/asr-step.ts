/** @file Our side of `bench/heads/asr`, in a process of its own: the compiled update, driven line by line. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createEngine } from '../../src/engine/create.js';
import { int32, scalar } from '../../src/engine/tree.js';
import { type CtcUpdate, type CtcUpdated, ctcUpdate } from '../../src/heads/ctc.js';
import { adamStart } from '../../src/nn/adam.js';
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
const answer = (message: object): boolean => process.stdout.write(`${JSON.stringify(message)}\n`);

answer({ threads: description.threads });
for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'memory') {
    answer({ megabytes: process.resourceUsage().maxRSS / 1024 });
    continue;
  }
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
  answer({ seconds, loss: outputs.loss.data[0] });
}

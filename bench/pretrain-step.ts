/** @file Our side of `bench/pretrain`, in a process of its own: the compiled update, driven line by line. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { scalar } from '../src/base/host-tensor.js';
import type * as tf from '../src/engine/ops.js';
import type { MaskTensors } from '../src/pretrain/model.js';
import { compileStep, holdState } from '../src/pretrain/step.js';
import { answerSteps } from './contestant.js';
import { engineAt, type Place } from './place.js';
import { gpuSizes, pretrainSizes, updateInputs } from './pretrain-sizes.js';

const description = JSON.parse(await readFile(join(process.argv[2] ?? '', 'step.json'), 'utf8')) as {
  size: string;
  threads: number;
  decay: number;
  place?: Place;
};
const { place } = description;
const size = (place === undefined ? pretrainSizes : gpuSizes).find(({ name }) => name === description.size);
if (size === undefined) throw new Error(`no size ${description.size}`);

const { student, teacher, adam, ...inputs } = updateInputs(size);
const { engine, used } = await engineAt(place, description.threads);
const program = compileStep(engine, size.config, student).student;
let state = holdState(engine, { student, teacher, adam });
// The batch lies where the network does, as PyTorch's side has it; so do the targets that the teacher's pass made.
const batch = {
  studentInput: engine.hold<tf.Tensor>(inputs.studentInput),
  targets: engine.hold<tf.Tensor>(inputs.targets),
  masks: engine.hold<MaskTensors>(inputs.masks),
  noise: engine.hold<tf.Tensor>(inputs.noise),
  dropping: inputs.dropping,
};
let update = 0;

await answerSteps(
  description.threads,
  async () => {
    const started = performance.now();
    const {
      measures,
      frames: _,
      ...updated
    } = await program.run({
      ...state,
      ...batch,
      updatesBefore: scalar(update++),
      learningRate: scalar(size.config.optimizer.learningRate),
      decay: scalar(description.decay),
    });
    const seconds = (performance.now() - started) / 1000;
    state = updated;
    return { seconds, loss: Number(measures.loss.data[0]) };
  },
  used,
);

/** @file Our side of `bench/heads/speakers`, in a process of its own: the compiled update, driven line by line. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createEngine } from '../../src/engine/create.js';
import type { Given } from '../../src/engine/engine.js';
import type * as tf from '../../src/engine/ops.js';
import type { Tree } from '../../src/engine/tree.js';
import { activityLoss } from '../../src/heads/speaker-activity/model.js';
import { xVectorLoss } from '../../src/heads/x-vector/model.js';
import { adamDefaults, adamStart } from '../../src/nn/adam.js';
import type { LossFunction } from '../../src/training/gradient-sums.js';
import { compileUpdates } from '../../src/training/updates.js';
import { answerSteps } from '../contestant.js';
import { diarization, type HeadName, speakerInputs, verification } from './speaker-inputs.js';

const { threads, learningRate, head } = JSON.parse(
  await readFile(join(process.argv[2] ?? '', 'step.json'), 'utf8'),
) as { readonly threads: number; readonly learningRate: number; readonly head: HeadName };
const engine = await createEngine('onnx', { threads });
const { parameters, batch, passes } = speakerInputs(head);
if (head === 'x-vector') {
  const { weightDecay, gradientClip: clipNorm } = verification;
  await measure(xVectorLoss(verification), { weightDecay, decoupled: true, clipNorm });
} else await measure(activityLoss, { clipNorm: diarization.gradientClip });

async function measure<Inputs extends Tree<tf.Tensor>>(
  loss: LossFunction<Inputs>,
  settings: { readonly clipNorm: number; readonly weightDecay?: number; readonly decoupled?: boolean },
): Promise<void> {
  const updates = compileUpdates<Inputs>(engine, loss, { ...adamDefaults, ...settings }, head);
  let weights = updates.hold({ parameters, moments: adamStart(parameters) }, 0);
  let update = 0;
  await answerSteps(threads, async () => {
    const started = performance.now();
    const parts = Array.from({ length: passes }, () => batch as unknown as Given<Inputs>);
    const next = await updates.update(weights, parts, { updatesBefore: update, learningRate });
    const seconds = (performance.now() - started) / 1000;
    weights = next.weights;
    update++;
    return { seconds, loss: next.loss };
  });
}

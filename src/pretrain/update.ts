/** @file One update of pre-training: the teacher's pass, the masks it asks for, the student's step, and a look at its health. */
import { sampleRateHz } from '../audio/index.js';
import { float32, floatsOf, type HostTensor, scalar } from '../base/host-tensor.js';
import { randomStream } from '../base/random.js';
import type { CropBatch } from '../data/crops.js';
import { warmUpCosine } from '../training/schedule.js';
import type { PretrainConfig } from './config.js';
import { chooseMasks, dropping, maskNoise } from './draws.js';
import { checkHealth } from './health.js';
import { maskings } from './masking/index.js';
import { teacherDecayAt } from './schedule.js';
import { type HeldState, releaseState, type StepMeasures, type StepPrograms } from './step.js';

/** What an update tells of itself. */
export interface UpdateLog extends StepMeasures<number> {
  /** Updates done, counted from 1. */
  readonly step: number;
  readonly learningRate: number;
  readonly teacherDecay: number;
  readonly maskedFraction: number;
  readonly hardShare: number;
}

/** How many samples the crops of a step have. */
export function cropSamples({ batch, seed }: PretrainConfig, step: number): number {
  const lengths = batch.cropSeconds.map((seconds) => Math.round(seconds * sampleRateHz));
  return lengths[randomStream(seed, 'crop length', step).integer(lengths.length)] as number;
}

/**
 * Does an update. The state given is used up.
 * @throws UserError (exit code 1) when a loss is not finite, or when the networks collapse
 */
export async function updateOnce(
  programs: StepPrograms,
  config: PretrainConfig,
  state: HeldState,
  { step, samples }: CropBatch,
): Promise<{ readonly state: HeldState; readonly log: UpdateLog }> {
  const { optimizer, batch, masking } = config;
  const waveform = float32([batch.size, samples.length / batch.size], samples);
  const { student, teacher } = state;
  const taught = await programs.teacher.run({ student, teacher, waveform });
  try {
    const masks = chooseMasks(config, step, taught.predictedLoss);
    const { learningRate: peak, warmupSteps: warmUpUpdates, steps: updates } = optimizer;
    const learningRate = warmUpCosine({ warmUpUpdates, updates })(peak, step);
    const decay = teacherDecayAt(config.teacher, step);
    const { measures: measured, ...updated } = await programs.student.run({
      ...state,
      studentInput: taught.studentInput ?? waveform,
      targets: taught.targets,
      masks,
      noise: maskNoise(config, step, masks.mask),
      updatesBefore: scalar(step),
      learningRate: scalar(learningRate),
      decay: scalar(decay),
      dropping: dropping(config, step),
    });
    const measures = measuresOf(measured);
    try {
      await checkHealth(config, measures, step + 1, {
        'teacher pass': async () => ({
          targets: await taught.targets.read(),
          predictedLoss: taught.predictedLoss,
        }),
        'updated student': () => updated.student.read(),
        'updated teacher': () => updated.teacher.read(),
      });
    } catch (error) {
      await releaseState(updated);
      throw error;
    }
    return {
      state: updated,
      log: {
        step: step + 1,
        ...measures,
        learningRate,
        teacherDecay: decay,
        maskedFraction: meanOf(floatsOf(masks.mask)),
        hardShare: maskings.find(masking.strategy).hardShare(masking, step / optimizer.steps),
      },
    };
  } finally {
    await taught.targets.release();
    await taught.studentInput?.release();
  }
}

function measuresOf(measures: StepMeasures<HostTensor>): StepMeasures<number> {
  const numbers = Object.entries(measures).map(([name, tensor]) => [name, tensor.data[0]]);
  return Object.fromEntries(numbers) as StepMeasures<number>;
}

const meanOf = (values: Float32Array): number => values.reduce((sum, x) => sum + x, 0) / values.length;

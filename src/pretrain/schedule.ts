/** @file How the teacher's decay and the learning rate change over a training. */
import { type Schedule, warmUpConstant, warmUpCosine } from '../training/schedule.js';
import type { PretrainConfig } from './config.js';

/**
 * The teacher's decay rises linearly and then stays (data2vec 2.0, get_annealed_rate). With `memory`, what the average still
 * holds of an update falls to 1/e over a share of the run, which moves from `start` to `end` in equal ratios: so the teacher
 * leaves its start as far in a short run as in a long one.
 */
export function teacherDecayAt(
  { teacher, optimizer }: Pick<PretrainConfig, 'teacher' | 'optimizer'>,
  step: number,
): number {
  const { decay, endDecay, annealSteps, memory } = teacher;
  if (memory === undefined)
    return step >= annealSteps ? endDecay : endDecay - (endDecay - decay) * (1 - step / annealSteps);
  const { start, end, until } = memory;
  const share = start * (end / start) ** Math.min(1, step / (until * optimizer.steps));
  return Math.exp(-1 / (share * optimizer.steps));
}

/** The learning rate over the updates of a run. */
export function learningRateOf({ optimizer }: Pick<PretrainConfig, 'optimizer'>): Schedule {
  const { warmupSteps: warmUpUpdates, steps: updates, schedule = 'cosine', endShare = 0 } = optimizer;
  return schedule === 'cosine'
    ? warmUpCosine({ warmUpUpdates, updates, endShare })
    : warmUpConstant(warmUpUpdates);
}

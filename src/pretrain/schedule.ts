/** @file How the teacher's decay changes with the number of updates. */
import type { PretrainConfig } from './config.js';

/** The teacher's decay rises linearly and then stays (data2vec 2.0, get_annealed_rate). */
export function teacherDecayAt(
  { decay, endDecay, annealSteps }: PretrainConfig['teacher'],
  step: number,
): number {
  return step >= annealSteps ? endDecay : endDecay - (endDecay - decay) * (1 - step / annealSteps);
}

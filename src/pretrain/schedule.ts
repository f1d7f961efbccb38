/** @file What changes with the number of updates: learning rate and teacher decay. */
import type { PretrainConfig } from './config.js';

/** Linear warm-up, then half a cosine down to zero (fairseq's cosine scheduler). Steps count from 0. */
export function learningRateAt(
  { learningRate, warmupSteps, steps }: PretrainConfig['optimizer'],
  step: number,
): number {
  if (step < warmupSteps) return (learningRate * (step + 1)) / warmupSteps;
  const done = (step - warmupSteps) / Math.max(1, steps - warmupSteps);
  return 0.5 * learningRate * (1 + Math.cos(Math.PI * Math.min(1, done)));
}

/** The teacher's decay rises linearly and then stays (data2vec 2.0, get_annealed_rate). */
export function teacherDecayAt(
  { decay, endDecay, annealSteps }: PretrainConfig['teacher'],
  step: number,
): number {
  return step >= annealSteps ? endDecay : endDecay - (endDecay - decay) * (1 - step / annealSteps);
}

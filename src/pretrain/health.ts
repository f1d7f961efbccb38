/** @file Whether training goes well: every number finite, neither network collapsed. */
import { UserError } from '../base/errors.js';
import { requireFinite, type Suspects } from '../training/health.js';
import type { PretrainConfig } from './config.js';
import type { StepMeasures } from './step.js';

/**
 * @param step counted from 1
 * @throws UserError (exit code 1) at a loss or gradient that is not finite, or when the networks collapse
 */
export async function checkHealth(
  { collapse, optimizer }: PretrainConfig,
  measures: StepMeasures<number>,
  step: number,
  suspects: Suspects,
): Promise<void> {
  await requireFinite({ ...measures }, step, suspects);
  if (step <= optimizer.warmupSteps) return;
  for (const [name, least] of Object.entries(collapse) as [keyof typeof collapse, number][]) {
    if (measures[name] >= least) continue;
    throw new UserError(
      `representation collapse at step ${step}: ${name} ${measures[name].toFixed(4)} < ${least}`,
      { exitCode: 1, hint: 'Move teacher.decay towards 1 or lower the learning rate' },
    );
  }
}

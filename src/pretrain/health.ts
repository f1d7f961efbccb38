/** @file Whether training goes well: every number finite, neither network collapsed. */

import { UserError } from '../base/errors.js';
import type { HostTensor } from '../base/host-tensor.js';
import type { PretrainConfig } from './config.js';
import type { StepMeasures } from './step.js';

type Tensors = Readonly<Record<string, HostTensor>>;

const measures = [
  'loss',
  'reconstruction',
  'ranking',
  'targetVariance',
  'predictionVariance',
  'gradientNorm',
] as const;

/**
 * @param read gives the step's tensors by group, in the order they were made: the first one that is not finite is named.
 *   They are read only where something went wrong
 * @throws UserError (exit code 1) at a loss or gradient that is not finite, or when the networks collapse
 */
export async function checkHealth(
  { collapse, optimizer }: PretrainConfig,
  log: StepMeasures<number> & { readonly step: number },
  read: () => Promise<Readonly<Record<string, Tensors>>>,
): Promise<void> {
  const broken = measures.find((name) => !Number.isFinite(log[name]));
  if (broken !== undefined) {
    const first = firstNotFinite(await read());
    const where = first === undefined ? '' : `, the first tensor that is not finite is ${first}`;
    throw new UserError(
      `${broken} is ${log[broken]} at step ${log.step}${where}; the last checkpoint is kept`,
      { exitCode: 1, mend: 'Lower the learning rate, or resume from the checkpoint' },
    );
  }
  if (log.step <= optimizer.warmupSteps) return;
  for (const [name, least] of Object.entries(collapse) as [keyof typeof collapse, number][]) {
    if (log[name] >= least) continue;
    throw new UserError(
      `${name} fell to ${log[name].toFixed(4)} at step ${log.step} (limit ${least}): the networks collapse`,
      { exitCode: 1, mend: 'Slow the teacher (teacher.decay nearer to 1) or lower the learning rate' },
    );
  }
}

function firstNotFinite(groups: Readonly<Record<string, Tensors>>): string | undefined {
  for (const [group, tensors] of Object.entries(groups)) {
    const found = Object.entries(tensors).find(([, { data }]) =>
      data.some((x: number) => !Number.isFinite(x)),
    );
    if (found !== undefined) return `${group} ${found[0]}`;
  }
  return undefined;
}

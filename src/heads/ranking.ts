/** @file Which checkpoint of a head is better. */
import type { TaskMetric } from '../api/task.js';
import type { HostParameters } from '../base/host-tensor.js';

/** A head as it was after some update, and how it did on dev. */
export interface Checkpoint {
  readonly parameters: HostParameters;
  readonly devMetric: number;
  readonly devLoss: number;
  readonly update: number;
}

/** Whether `a` ranks before `b`: a better metric, or the same one with a lower loss. */
export function isBetter(
  a: Checkpoint,
  b: Checkpoint | undefined,
  direction: TaskMetric['direction'],
): boolean {
  if (b === undefined) return true;
  if (a.devMetric !== b.devMetric)
    return direction === 'higher' ? a.devMetric > b.devMetric : a.devMetric < b.devMetric;
  return a.devLoss < b.devLoss;
}

/** @file Looks at dev of heads in training, as scalars for TensorBoard: a folder a seed and rate. */
import { join } from 'node:path';
import type { Look } from '../api/head-kind.js';
import { recordFolder } from '../results/index.js';
import { type ScalarLog, scalarLog } from '../training/scalar-log.js';

/**
 * Logs of the heads of a task on an encoder: `<folder>/<encoder>/<task>/[fold-<name>/][layer-<n>/]seed-<n>,rate-<r>`.
 * @returns to be told of every look, and of which fold it is; throws a UserError (exit code 1) where the folder cannot be written
 */
export function headLogs(
  folder: string,
  encoder: string,
  task: string,
): (look: Look, fold: string | undefined) => void {
  const logs = new Map<string, ScalarLog>();
  const logOf = ({ seed, learningRate, layer }: Look, fold: string | undefined): ScalarLog => {
    const parts = [
      ...(fold === undefined ? [] : [`fold-${encodeURIComponent(fold)}`]),
      ...(layer === undefined ? [] : [`layer-${layer}`]),
      `seed-${seed},rate-${learningRate}`,
    ];
    const place = join(recordFolder(folder, encoder, task), ...parts);
    const log = logs.get(place) ?? scalarLog(place);
    logs.set(place, log);
    return log;
  };
  return (look, fold) => {
    const { update, trainLoss, devMetric, devLoss, learningRate } = look;
    logOf(look, fold)(update, {
      'loss/train': trainLoss,
      'loss/dev': devLoss,
      'dev/metric': devMetric,
      learning_rate: learningRate,
    });
  };
}

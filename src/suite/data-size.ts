/** @file How much data a task has: what its heads cost in time depends on it. */
import type { DataSize } from '../api/head-kind.js';
import { type Split, splits, type TaskData } from '../api/task.js';

/** @param seconds of all utterances together, for those whose duration the manifest does not say */
export function dataSizeOf(data: TaskData, seconds: number): DataSize {
  const utterances = splits.flatMap((split) => data[split]);
  const mean = seconds / Math.max(1, utterances.length);
  const sizeOf = (split: Split): DataSize[Split] => {
    const durations = data[split].map(({ durationSeconds }) => durationSeconds ?? mean);
    const pairs = data.pairs?.[split] ?? [];
    return {
      utterances: durations.length,
      seconds: durations.reduce((sum, duration) => sum + duration, 0),
      pairs: pairs.length,
      pairSeconds: pairs.reduce(
        (sum, { first, second }) => sum + (durations[first] ?? mean) * (durations[second] ?? mean),
        0,
      ),
    };
  };
  return { train: sizeOf('train'), dev: sizeOf('dev'), test: sizeOf('test') };
}

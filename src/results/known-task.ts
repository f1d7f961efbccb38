/** @file The task that a record is of, among those that are known. */
import type { Task } from '../api/task.js';
import { UserError } from '../base/errors.js';
import type { StoredRecord } from './record.js';

/**
 * @throws UserError where the task is unknown (its plug-in is not loaded), or known in another version
 */
export function knownTask({ path, record }: StoredRecord, tasks: readonly Task[]): Task {
  const { name, version } = record.task;
  const task = tasks.find((one) => one.name === name);
  if (task === undefined)
    throw new UserError(`unknown task '${name}'; load its plug-in with --plugin MODULE`, { file: path });
  if (task.version === version) return task;
  throw new UserError(
    `was made with version ${version} of task ${name}; this ehmam has version ${task.version}`,
    {
      file: path,
      hint: 'Run the task again',
    },
  );
}

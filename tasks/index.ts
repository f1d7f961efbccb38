/** @file The tasks by name. */
import { type Task, UserError } from '../src/api/index.js';
import { asr } from './asr/index.js';
import { ic } from './ic/index.js';
import { ks } from './ks/index.js';
import { sid } from './sid/index.js';

/** The built-in tasks. */
export const builtInTasks: readonly Task[] = [asr, ks, sid, ic];

/**
 * The task of that name.
 * @param tasks where to look: the built-in tasks, or those and others
 * @throws UserError listing the known tasks
 */
export function findTask(name: string, tasks: readonly Task[] = builtInTasks): Task {
  const found = tasks.find((task) => task.name === name);
  if (found !== undefined) return found;
  throw new UserError(`there is no task '${name}'`, {
    mend: `Choose one of ${tasks.map((task) => task.name).join(', ')}`,
  });
}

/** @file A plug-in's task whose complaints about data are user errors, like a built-in task's. */
import type { Task, TaskData } from '../api/task.js';
import { messageOf, UserError } from '../base/errors.js';
import { moduleText } from '../base/module-name.js';

/**
 * The same task. What it throws is a user error: an `Error` with its own message, as a plug-in may complain without a
 * class of ours; a fault of its code (TypeError and so on) with the names of module and function before it.
 */
export function guardedTask(task: Task, module: string): Task {
  const failed = (call: string, error: unknown): UserError => {
    if (error instanceof UserError) return error;
    if (error instanceof Error && error.name === 'Error')
      return new UserError(error.message, { cause: error });
    const what = `${call} failed (${messageOf(error)})`;
    return new UserError(`plug-in '${moduleText(module)}': task '${task.name}': ${what}`, { cause: error });
  };
  const guarded = <In extends unknown[], Out>(call: string, run: (...args: In) => Out) => ({
    value: (...args: In): Out => {
      try {
        return run(...args);
      } catch (error) {
        throw failed(call, error);
      }
    },
  });
  const { complaints, crop } = task;
  return Object.create(task, {
    head: guarded('head', (data: TaskData) => task.head(data)),
    evaluate: guarded('evaluate', (...args: Parameters<Task['evaluate']>) => task.evaluate(...args)),
    ...(crop !== undefined && {
      crop: {
        value: (...args: Parameters<typeof crop>) =>
          (async () => crop.apply(task, args))().catch((error: unknown) => {
            throw failed('crop', error);
          }),
      },
    }),
    ...(complaints !== undefined && {
      complaints: {
        *value(data: TaskData) {
          try {
            for (const complaint of complaints.call(task, data)) yield failed('complaints', complaint);
          } catch (error) {
            yield failed('complaints', error);
          }
        },
      },
    }),
  } satisfies PropertyDescriptorMap) as Task;
}

/** @file A plug-in's task whose complaints about data are user errors, like a built-in task's. */
import type { Task, TaskData } from '../api/task.js';
import { messageOf, UserError } from '../base/errors.js';
import { moduleText } from '../base/module-name.js';
import type { Utterance } from '../data/rows.js';
import { isStatistic, type MetricValue } from '../metrics/index.js';

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
  const within =
    <In extends unknown[], Out>(call: string, run: (...args: In) => Out) =>
    (...args: In): Out => {
      try {
        return run(...args);
      } catch (error) {
        throw failed(call, error);
      }
    };
  /** What is drawn again later is the plug-in's code, too. */
  const withRedraw = (metric: MetricValue, name: string): MetricValue =>
    metric !== null && typeof metric === 'object' && isStatistic(metric)
      ? { ...metric, redraw: within(`redraw of ${name}`, (drawn: Int32Array) => metric.redraw(drawn)) }
      : metric;
  const evaluate: Task['evaluate'] = (...args) =>
    Object.fromEntries(
      Object.entries(task.evaluate(...args)).map(([name, metric]) => [name, withRedraw(metric, name)]),
    );
  const { complaints, crop, stepsNeeded } = task;
  return Object.create(task, {
    head: { value: within('head', (data: TaskData) => task.head(data)) },
    evaluate: { value: within('evaluate', evaluate) },
    ...(stepsNeeded !== undefined && {
      stepsNeeded: {
        value: within('stepsNeeded', (utterance: Utterance) => stepsNeeded.call(task, utterance)),
      },
    }),
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

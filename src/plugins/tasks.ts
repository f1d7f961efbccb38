/** @file Loads tasks from modules that a user names. */

import { builtInTasks } from '../../tasks/index.js';
import { splits, type Task } from '../api/task.js';
import { UserError } from '../base/errors.js';
import { importPlugin } from './import-module.js';

/**
 * The built-in tasks and those that modules export as `tasks`, an array.
 * @param modules paths (from the working folder) or names of packages
 * @throws UserError naming the module that cannot be loaded, exports no tasks, or one whose name is taken
 */
export async function loadTasks(modules: readonly string[]): Promise<readonly Task[]> {
  const known = [...builtInTasks];
  for (const module of modules) {
    const { tasks } = await importPlugin(module);
    if (!Array.isArray(tasks) || tasks.length === 0) {
      throw new UserError(`the plug-in '${module}' exports no tasks`, {
        mend: 'It must export an array: export const tasks = [{ name, version, ... }]; see tasks/README.md',
      });
    }
    for (const candidate of tasks as readonly unknown[]) {
      const task = checkedTask(candidate, module);
      if (known.some(({ name }) => name === task.name)) {
        throw new UserError(
          `the plug-in '${module}' brings the task '${task.name}', which is there already`,
          {
            mend: 'Give it another name',
          },
        );
      }
      known.push(task);
    }
  }
  return known;
}

const kinds: Readonly<Record<string, (value: unknown) => boolean>> = {
  name: (value) => typeof value === 'string' && value !== '',
  version: (value) => Number.isInteger(value) && (value as number) > 0,
  summary: (value) => typeof value === 'string',
  columns: (value) => Array.isArray(value) && value.every(isColumn),
  metrics: (value) => Array.isArray(value) && value.length > 0 && value.every(isMetric),
  head: (value) => typeof value === 'function',
  evaluate: (value) => typeof value === 'function',
};

/** Fields that may be left out. */
const optionalKinds: typeof kinds = {
  complaints: (value) => value === undefined || typeof value === 'function',
  crop: (value) => value === undefined || typeof value === 'function',
  predicts: (value) => value === undefined || value === 'label' || value === 'text',
  settings: (value) => value === undefined || (typeof value === 'object' && value !== null),
};

/** A name, or a name with the splits that it is needed in. */
function isColumn(value: unknown): boolean {
  if (typeof value === 'string') return true;
  const { name, splits: own } = (value ?? {}) as Readonly<Record<string, unknown>>;
  return (
    typeof name === 'string' &&
    Array.isArray(own) &&
    own.every((split) => (splits as readonly unknown[]).includes(split))
  );
}

function isMetric(value: unknown): boolean {
  const { name, direction, kind = 'ratio' } = (value ?? {}) as Readonly<Record<string, unknown>>;
  if (kind !== 'ratio' && kind !== 'statistic') return false;
  return typeof name === 'string' && (direction === 'higher' || direction === 'lower');
}

function checkedTask(candidate: unknown, module: string): Task {
  const given = (candidate ?? {}) as Readonly<Record<string, unknown>>;
  const wrong = Object.entries({ ...kinds, ...optionalKinds }).find(([field, fits]) => !fits(given[field]));
  if (wrong === undefined) return candidate as Task;
  const which = typeof given.name === 'string' ? ` '${given.name}'` : '';
  throw new UserError(
    `the plug-in '${module}' exports a task${which} whose ${wrong[0]} is missing or wrong`,
    {
      mend: `A task has ${Object.keys(kinds).join(', ')}; see tasks/README.md`,
    },
  );
}

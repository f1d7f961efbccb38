/** @file The tasks there are: built-in ones, and those that plug-ins bring. */
import { builtInTasks } from '../../tasks/index.js';
import type { Task } from '../api/task.js';
import { createRegistry, type Registry } from '../base/registry.js';

export const knownTasks: Registry<Task> = createRegistry('task', ({ name }) => name, builtInTasks);

/** @file The built-in tasks. */
import type { Task } from '../src/api/index.js';
import { asr } from './asr/index.js';
import { ic } from './ic/index.js';
import { ks } from './ks/index.js';
import { qbe } from './qbe/index.js';
import { sid } from './sid/index.js';

export const builtInTasks: readonly Task[] = [asr, ks, sid, ic, qbe];

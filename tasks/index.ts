/** @file The built-in tasks. */
import type { Task } from '../src/api/index.js';
import { asr } from './asr/index.js';
import { asv } from './asv/index.js';
import { er } from './er/index.js';
import { ic } from './ic/index.js';
import { ks } from './ks/index.js';
import { pr } from './pr/index.js';
import { qbe } from './qbe/index.js';
import { sd } from './sd/index.js';
import { sf } from './sf/index.js';
import { sid } from './sid/index.js';

export const builtInTasks: readonly Task[] = [asr, ks, sid, ic, pr, er, sf, asv, sd, qbe];

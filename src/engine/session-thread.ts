/** @file A thread that runs models, each in a session that it keeps. */

import { messageOf } from '../base/errors.js';
import { threadWork } from '../base/threads.js';
import type { Session } from './model-session.js';
import { type RunResult, type ThreadRequest, withMemory } from './runtime.js';
import { sessions } from './session.js';
import { spareMemory } from './spare-memory.js';

const opened = new Map<number, Promise<Session>>();
const memory = spareMemory();

export default threadWork(
  async ({ id, model, inputs, borrowed }: ThreadRequest): Promise<RunResult> => {
    const { bytes, outputs } = model;
    const consumed = inputs.filter(([path]) => borrowed.has(path));
    try {
      const known = opened.get(id) ?? sessions.create(bytes.slice(), 1);
      opened.set(id, known);
      memory.want(outputs);
      const results = await (await known).run(inputs, withMemory(outputs, memory));
      memory.take(consumed.map(([, tensor]) => tensor));
      return { outputs: results };
    } catch (error) {
      return { failure: messageOf(error), back: new Map(consumed) };
    }
  },
  (answer) => {
    const tensors = 'failure' in answer ? [...answer.back.values()] : answer.outputs;
    return [...new Set(tensors.map(({ data }) => data.buffer as ArrayBuffer))];
  },
);

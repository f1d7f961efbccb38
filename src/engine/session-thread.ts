/** @file A thread that runs models, each in a session that it keeps. */

import type { InferenceSession } from 'onnxruntime-node';
import { messageOf } from '../base/errors.js';
import { threadWork } from '../base/threads.js';
import type { RunResult, ThreadRequest } from './runtime.js';
import { createSession, runSession } from './session.js';
import { spareMemory } from './spare-memory.js';

const sessions = new Map<number, Promise<InferenceSession>>();
const memory = spareMemory();

export default threadWork(
  async ({ id, model, inputs, borrowed }: ThreadRequest): Promise<RunResult> => {
    const { bytes, keepsMemory, outputs } = model;
    const consumed = inputs.filter(([path]) => borrowed.has(path));
    try {
      const known =
        sessions.get(id) ??
        createSession(bytes.slice(), { provider: 'cpu', threads: 1, keepMemory: keepsMemory });
      sessions.set(id, known);
      memory.want(outputs);
      const results = await runSession(await known, inputs, memory.giveAll(outputs));
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

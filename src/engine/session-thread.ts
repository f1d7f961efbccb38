/** @file A thread that runs models, each in a session that it keeps. */
import type ort from 'onnxruntime-node';
import { messageOf } from '../base/errors.js';
import type { HostTensor } from '../base/host-tensor.js';
import { threadWork } from '../base/threads.js';
import { createSession, type ModelRun, runSession } from './session.js';

export interface SessionRequest {
  /** Names the model. */
  readonly id: number;
  readonly model: Uint8Array;
  readonly keepMemory: boolean;
  readonly run: ModelRun;
  /** Which inputs' memory goes back. */
  readonly moved: readonly number[];
}

export interface SessionAnswer {
  readonly outputs: readonly HostTensor[] | { readonly failure: string };
  readonly moved: readonly HostTensor[];
}

const sessions = new Map<number, Promise<ort.InferenceSession>>();

export default threadWork(
  async ({ id, model, keepMemory, run, moved }: SessionRequest): Promise<SessionAnswer> => {
    const known =
      sessions.get(id) ?? createSession(model.slice(), { provider: 'cpu', threads: 1, keepMemory });
    sessions.set(id, known);
    const outputs = await known
      .then((session) => runSession(session, run))
      .catch((error: unknown) => ({ failure: messageOf(error) }));
    return { outputs, moved: moved.map((at) => run.inputs[at]?.[1] as HostTensor) };
  },
  ({ outputs, moved }) => [
    ...new Set(
      [...('failure' in outputs ? [] : outputs), ...moved].map(({ data }) => data.buffer as ArrayBuffer),
    ),
  ],
);

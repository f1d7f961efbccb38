/** @file Where compiled models run: in this thread, or each run in a thread of its own. */

import type ort from 'onnxruntime-node';
import { messageOf } from '../base/errors.js';
import type { HostTensor } from '../base/host-tensor.js';
import { startThreads, type Threads } from '../base/threads.js';
import { createSession, type ModelRun, runSession, type SessionSettings } from './session.js';
import type { SessionAnswer, SessionRequest } from './session-thread.js';

/** A model that is ready to run. */
export interface LoadedModel {
  run(run: ModelRun, movable: Movable): Promise<RunResult>;
  unload(): Promise<void>;
}

/** Paths of inputs whose memory may be moved elsewhere: what is borrowed comes back, what is given does not. */
export interface Movable {
  readonly borrowed: ReadonlySet<string>;
  readonly given: ReadonlySet<string>;
}

export interface RunResult {
  /** The outputs in their order, or what went wrong. */
  readonly outputs: readonly HostTensor[] | { readonly failure: string };
  /** Inputs that were borrowed, in the memory that they came back in. */
  readonly moved: ReadonlyMap<string, HostTensor>;
}

export interface Runtime {
  /** How many runs go on at the same time. */
  readonly runsAtOnce: number;
  /** @param keepMemory whether the memory of a run stays with the model for the next one */
  load(model: Uint8Array, keepMemory: boolean): Promise<LoadedModel>;
  close(): Promise<void>;
}

/** One run after the other, in this thread. */
export function sessionRuntime(settings: Omit<SessionSettings, 'keepMemory'>): Runtime {
  return {
    runsAtOnce: 1,
    load: async (model, keepMemory) => {
      const session: ort.InferenceSession = await createSession(model, { ...settings, keepMemory });
      return {
        run: async (run) => ({
          outputs: await runSession(session, run).catch((error: unknown) => ({ failure: messageOf(error) })),
          moved: new Map(),
        }),
        unload: () => session.release(),
      };
    },
    close: async () => {},
  };
}

/**
 * Runs side by side, each with one processor.
 * @param count threads
 * @returns undefined where there is but one, and where no thread can be started
 */
export function threadsRuntime(count: number): Runtime | undefined {
  if (count < 2) return undefined;
  const threads: Threads<SessionRequest, SessionAnswer> | undefined = startThreads(
    new URL('./session-thread.js', import.meta.url),
    count,
  );
  if (threads === undefined) return undefined;
  let models = 0;
  return {
    runsAtOnce: count,
    load: async (bytes, keepMemory) => {
      const id = models++;
      // Shared, so that it is not copied with every request.
      const model = new Uint8Array(new SharedArrayBuffer(bytes.length));
      model.set(bytes);
      return {
        run: async (run, movable) => {
          const moved = run.inputs.flatMap(([path], i) => (movable.borrowed.has(path) ? [i] : []));
          const handOver = [
            ...run.inputs.filter(([path]) => movable.borrowed.has(path) || movable.given.has(path)),
            ...run.outputs,
          ].flatMap(([, tensor]) => (tensor === undefined ? [] : [tensor.data.buffer as ArrayBuffer]));
          const answer = await threads.run({ id, model, keepMemory, run, moved }, handOver);
          return {
            outputs: answer.outputs,
            moved: new Map(
              moved.map((at, i) => [run.inputs[at]?.[0] as string, answer.moved[i] as HostTensor]),
            ),
          };
        },
        // The session ends with its thread.
        unload: async () => {},
      };
    },
    close: () => threads.close(),
  };
}

/** @file Where compiled models run: in this thread, or each run in a thread of its own. */

import { messageOf } from '../base/errors.js';
import type { HostTensor } from '../base/host-tensor.js';
import { startThreads, type Threads } from '../base/threads.js';
import type { EngineTensor } from './device/tensor.js';
import { type LoweredProgram, wholeModel } from './lower.js';
import type { NamedTensors } from './model-session.js';
import { sessions } from './session.js';
import { type ModelOutput, type SpareMemory, spareMemory } from './spare-memory.js';

/** A program to be run: one model, but for a runtime that does fused operations. */
export interface RunnableProgram extends Pick<LoweredProgram, 'stages' | 'between'> {
  readonly name: string;
  readonly outputs: readonly ModelOutput[];
}

/** A program that is ready to run. */
export interface LoadedProgram {
  run(inputs: GivenTensors, movable: Movable): Promise<RunResult<EngineTensor>>;
  unload(): Promise<void>;
}

/** Tensors with their paths, where the engine has them. */
export type GivenTensors = readonly (readonly [path: string, tensor: EngineTensor])[];

/** Paths of inputs whose memory may be moved elsewhere: what is borrowed comes back where a run fails. */
export interface Movable {
  readonly borrowed: ReadonlySet<string>;
  readonly given: ReadonlySet<string>;
}

/** The outputs in their order; or what went wrong, and borrowed inputs in the memory that they came back in. */
export type RunResult<T extends EngineTensor = HostTensor> =
  | { readonly outputs: readonly T[] }
  | { readonly failure: string; readonly back: ReadonlyMap<string, HostTensor> };

/** A run of a model in a thread. */
export interface ThreadRequest {
  /** Names the model. */
  readonly id: number;
  readonly model: { readonly bytes: Uint8Array; readonly outputs: readonly ModelOutput[] };
  readonly inputs: NamedTensors;
  /** Inputs that go back where the run fails; else their memory takes later outputs. */
  readonly borrowed: ReadonlySet<string>;
}

export interface Runtime {
  /** Where the memory of held trees goes that end. */
  readonly memory: SpareMemory<EngineTensor>;
  load(program: RunnableProgram): Promise<LoadedProgram>;
  close(): Promise<void>;
}

/**
 * One run after the other, in this thread.
 * @param threads that one operator may use
 */
export function sessionRuntime(threads: number): Runtime {
  const memory = spareMemory();
  return {
    memory,
    load: async ({ stages, outputs }) => {
      const session = await sessions.create(wholeModel({ stages }), threads);
      memory.want(outputs);
      return {
        run: (inputs) =>
          session.run(inputs as NamedTensors, withMemory(outputs, memory)).then(
            (results) => ({ outputs: results }),
            (error: unknown) => ({ failure: messageOf(error), back: new Map() }),
          ),
        unload: () => session.release(),
      };
    },
    close: async () => {},
  };
}

/** Paths of outputs, with memory for those that are written into some. */
export function withMemory(
  outputs: readonly ModelOutput[],
  memory: SpareMemory,
): [path: string, memory: HostTensor | undefined][] {
  const given = memory.giveAll(outputs);
  return outputs.map(({ path }, i) => [path, given[i]]);
}

/**
 * Runs side by side, each with one processor. What a run consumes is moved to its thread, and is spare there.
 * @param count threads
 * @returns undefined where there is but one, and where no thread can be started
 */
export function threadsRuntime(count: number): Runtime | undefined {
  if (count < 2) return undefined;
  const threads: Threads<ThreadRequest, RunResult> | undefined = startThreads(
    new URL('./session-thread.js', import.meta.url),
    count,
  );
  if (threads === undefined) return undefined;
  let models = 0;
  return {
    memory: spareMemory(),
    load: async ({ stages, outputs }) => {
      const id = models++;
      const whole = wholeModel({ stages });
      // Shared, so that it is not copied with every request.
      const bytes = new Uint8Array(new SharedArrayBuffer(whole.length));
      bytes.set(whole);
      const model = { bytes, outputs };
      return {
        run: async (all, { borrowed, given }) => {
          const inputs = all as NamedTensors;
          const handOver = inputs.filter(([path]) => borrowed.has(path) || given.has(path));
          return threads.run(
            { id, model, inputs, borrowed },
            handOver.map(([, { data }]) => data.buffer as ArrayBuffer),
          );
        },
        // The session ends with its thread.
        unload: async () => {},
      };
    },
    close: () => threads.close(),
  };
}

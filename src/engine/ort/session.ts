/** @file A session of ONNX Runtime by its C API: a model, ready to run on the processor or on a device. */

import type { HostTensor } from '../../base/host-tensor.js';
import { type Address, addressOf } from './foreign.js';
import { errorsOnly, type OrtLibrary } from './library.js';
import { rememberPlaces } from './places.js';
import { copied, valueOfHost } from './values.js';

export interface OrtSessionSettings {
  /** Threads one operator may use. */
  readonly threads: number;
  /** Whether the session can tell where its nodes run. */
  readonly remembersPlaces?: boolean;
  /** Whether kernels that repeat to the bit go before others. */
  readonly deterministic?: boolean;
  /** A device and the options of its provider; without it, the processor runs all. */
  readonly device?: OrtDevice;
  /** Whether the model is another program's, which may need every rewriting that the runtime knows (default: no). */
  readonly foreign?: boolean;
}

export interface OrtDevice {
  readonly name: 'cuda' | 'webgpu';
  readonly options: Readonly<Record<string, string>>;
}

export interface OrtSession {
  readonly library: OrtLibrary;
  readonly address: Address;
  /** Once; then it does nothing. */
  release(): void;
}

/** The graph is lowered to what the runtime does well; its further fusions cost time to find and to run. */
const basicOptimizations = 1;
const allOptimizations = 99;

/** Complaints come as errors; the runtime's own lines would stand beside them. */
const nothingButFatal = 4;

/**
 * @param model its bytes, or its file
 * @throws Error with the runtime's message for a model that it cannot run
 */
export async function createOrtSession(
  library: OrtLibrary,
  model: Uint8Array | string,
  settings: OrtSessionSettings,
): Promise<OrtSession> {
  const { api, environment } = library;
  const options = api.make('CreateSessionOptions');
  try {
    api.call('SetIntraOpNumThreads', options, settings.threads);
    const [optimizations, log] = settings.foreign
      ? [allOptimizations, nothingButFatal]
      : [basicOptimizations, errorsOnly];
    api.call('SetSessionGraphOptimizationLevel', options, optimizations);
    api.call('SetSessionLogSeverityLevel', options, log);
    if (settings.device === undefined)
      api.call('AddSessionConfigEntry', options, 'session.use_env_allocators', '1');
    // Threads of one program that wait busily for its next run would take processors from the next program.
    api.call('AddSessionConfigEntry', options, 'session.force_spinning_stop', '1');
    // A plan of the memory would be one more block of its size beside what the arena holds.
    api.call('DisableMemPattern', options);
    if (settings.deterministic) api.call('SetDeterministicCompute', options, true);
    if (settings.remembersPlaces) api.call('AddSessionConfigEntry', options, ...rememberPlaces);
    if (settings.device !== undefined) append(library, options, settings.device);
    const address = await inUse(model, () =>
      typeof model === 'string'
        ? api.makeAsync('CreateSession', environment, model, options)
        : api.makeAsync('CreateSessionFromArray', environment, model, model.byteLength, options),
    );
    let isOpen = true;
    const release = (): void => {
      // Twice would break the memory of the process.
      if (isOpen) api.release('ReleaseSession', address);
      isOpen = false;
    };
    return { library, address, release };
  } finally {
    api.release('ReleaseSessionOptions', options);
  }
}

function append({ api }: OrtLibrary, session: Address, { name, options }: OrtDevice): void {
  const keys = Object.keys(options);
  const values = Object.values(options);
  if (name === 'webgpu') {
    api.call('AppendProvider', session, 'WebGPU', keys, values, keys.length);
    return;
  }
  const cuda = api.make('CreateCUDAProviderOptions');
  try {
    api.call('UpdateCUDAProviderOptions', cuda, keys, values, keys.length);
    api.call('AppendCudaProvider', session, cuda);
  } finally {
    api.release('ReleaseCUDAProviderOptions', cuda);
  }
}

/** Names in the runtime's memory: an array of texts that calls are given at every run. */
export interface Names {
  readonly address: Address;
  readonly count: number;
  free(): void;
}

export function namesInMemory({ foreign }: OrtLibrary, names: readonly string[]): Names {
  const address = foreign.alloc('char *', Math.max(1, names.length)) as Address;
  if (names.length > 0) foreign.encode(address, foreign.array('const char *', names.length), [...names]);
  return { address, count: names.length, free: () => foreign.free(address) };
}

/** The names of a model's inputs and outputs. */
export interface Slots {
  readonly inputs: Names;
  readonly outputs: Names;
}

/**
 * Runs a model on host tensors, off this thread.
 * @param inputs in the order of their names
 * @param memory for the outputs, in the order of theirs; what has none is made by the runtime and copied
 * @throws Error with the runtime's message, and the operator that failed
 */
export async function runOnHost(
  session: OrtSession,
  slots: Slots,
  inputs: readonly HostTensor[],
  memory: readonly (HostTensor | undefined)[],
): Promise<HostTensor[]> {
  const { library } = session;
  const given = BigUint64Array.from(inputs, (tensor) => valueOfHost(library, tensor));
  const room = BigUint64Array.from(memory, (tensor) =>
    tensor === undefined ? none : valueOfHost(library, tensor),
  );
  const made = await runOnValues(session, slots, given, room, [inputs, memory]);
  try {
    return memory.map((tensor, i) => tensor ?? copied(library, made[i] as Address));
  } finally {
    releaseValues(library, made);
  }
}

const none = 0n;

/**
 * Runs a model on values, off this thread.
 * @param inputs in the order of their names; they are released
 * @param outputs values to write into, 0 for those that the runtime makes
 * @param owners of the memory behind the values
 * @returns the outputs, each to be released
 * @throws Error with the runtime's message, and the operator that failed; nothing is left to be released then
 */
export async function runOnValues(
  { library, address }: OrtSession,
  slots: Slots,
  inputs: BigUint64Array,
  outputs: BigUint64Array,
  owners: unknown,
): Promise<BigUint64Array> {
  const { api, foreign } = library;
  try {
    await inUse([owners, inputs, outputs], () =>
      api.callAsync(
        'Run',
        address,
        null,
        slots.inputs.address,
        addressOf(foreign, inputs),
        inputs.length,
        slots.outputs.address,
        outputs.length,
        addressOf(foreign, outputs),
      ),
    );
    return outputs;
  } catch (error) {
    releaseValues(library, outputs);
    throw error;
  } finally {
    releaseValues(library, inputs);
  }
}

/** Releases values; 0 stands for none. */
export function releaseValues({ api }: OrtLibrary, values: BigUint64Array): void {
  for (const value of values) if (value !== none) api.release('ReleaseValue', value);
}

const used = new Set<unknown>();

/** Keeps what a call reads and writes from being collected until it ends. */
async function inUse<T>(what: unknown, call: () => Promise<T>): Promise<T> {
  const token = { what };
  used.add(token);
  try {
    return await call();
  } finally {
    used.delete(token);
  }
}

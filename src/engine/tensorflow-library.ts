/** @file TensorFlow's native library, wherever it is installed, on the one core of TensorFlow.js that is loaded. */
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { messageOf, UserError } from '../base/errors.js';
import { findLibrary, type NativeLibrary } from '../base/native-library.js';
import type { ProviderName } from './engine.js';
import * as tf from './ops.js';

const require = createRequire(import.meta.url);

/** The one for a GPU is tried first, where a GPU is wanted; either may have TensorFlow for both. */
const libraries: Readonly<Record<'cpu' | 'cuda', readonly NativeLibrary[]>> = {
  cuda: ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'],
  cpu: ['@tensorflow/tfjs-node'],
};

export interface TensorflowSettings {
  readonly provider: ProviderName;
  /** Threads one operation may use; the first engine of a process decides. Default: the machine's processors. */
  readonly threads?: number | undefined;
}

export interface TensorflowLibrary {
  /** Of TensorFlow itself: `2.15.1`. */
  readonly version: string;
  readonly threads: number;
}

/** What the addon of TensorFlow.js says of the library below it. */
interface Binding {
  readonly TF_Version: string;
  isUsingGpuDevice(): boolean;
}

/**
 * Loads it, which registers the backend `tensorflow`; the default backend stays what it was.
 * @throws UserError where no library is installed and starts, and where it has no device of the provider
 */
export function loadTensorflow({ provider, threads }: TensorflowSettings): TensorflowLibrary {
  if (provider === 'webgpu') throw new UserError('the engine tensorflow runs on cpu and cuda, not on webgpu');
  const failures: string[] = [];
  for (const library of libraries[provider]) {
    const file = findLibrary(library);
    if (file === undefined) continue;
    try {
      // A package whose addon does not start registers its kernels all the same, and another one would do so again.
      const binding = withSettings({ provider, threads }, () => require(addonOf(file)) as Binding);
      keepingBackend(() => {
        shareCore(file);
        restoreIsNullOrUndefined();
        require(file);
      });
      const usesGpu = binding.isUsingGpuDevice();
      if (usesGpu !== (provider === 'cuda')) {
        const uses = usesGpu ? 'uses a GPU in this process already' : 'finds no GPU';
        failures.push(`${library}: TensorFlow ${binding.TF_Version} ${uses}`);
        continue;
      }
      return { version: binding.TF_Version, threads: threadsOf.get(binding) ?? 1 };
    } catch (error) {
      failures.push(`${library}: ${brief(messageOf(error))}`);
    }
  }
  if (failures.length === 0)
    throw new UserError('the engine tensorflow is not installed', {
      hint: 'Run `ehmam setup tensorflow` where a network allows it, or use --engine onnx',
    });
  throw new UserError(`the engine tensorflow does not start on ${provider} (${failures.join('; ')})`, {
    hint: 'Use --engine onnx, or another library: `ehmam setup tensorflow --library DIR`',
  });
}

/** What an operation of TensorFlow complains of, in the words of the compiling engine. */
export function readableComplaint(message: string): string {
  const [, said] = /^Invalid TF_Status: \d+\s*Message: (.*)$/s.exec(message) ?? [];
  if (said === undefined) return message;
  const [, a, b] = /^Matrix size-incompatible: In\[0\]: (\[[\d,]*\]), In\[1\]: (\[[\d,]*\])/.exec(said) ?? [];
  if (a !== undefined && b !== undefined)
    return `inner sizes of a product differ: ${a.replaceAll(',', ', ')} and ${b.replaceAll(',', ', ')}`;
  return said.trim();
}

/** The addon of a TensorFlow package. */
function addonOf(file: string): string {
  const folder = join(dirname(file), '..', 'lib');
  const versions = readdirSync(folder).filter((name) => /^napi-v\d+$/.test(name));
  const [newest] = versions.sort((a, b) => Number(b.slice(6)) - Number(a.slice(6)));
  return join(folder, newest ?? '', 'tfjs_binding.node');
}

/** How many threads the library was loaded with. */
const threadsOf = new WeakMap<Binding, number>();

/**
 * Loads TensorFlow with what it reads from the environment, once: its threads, how much it says, and whether it sees GPUs. Those
 * are hidden where results are to be the processor's. The environment stays as it was, for processes that are started later.
 */
function withSettings({ provider, threads }: TensorflowSettings, load: () => Binding): Binding {
  const { env } = process;
  const count = threads ?? (Number(env.TF_NUM_INTRAOP_THREADS) || availableParallelism());
  const settings = {
    TF_NUM_INTRAOP_THREADS: String(count),
    TF_CPP_MIN_LOG_LEVEL: env.TF_CPP_MIN_LOG_LEVEL ?? '2',
    ...(provider === 'cpu' && { CUDA_VISIBLE_DEVICES: '-1' }),
  };
  const before = { ...env };
  Object.assign(env, settings);
  try {
    const binding = load();
    if (!threadsOf.has(binding)) threadsOf.set(binding, count);
    return binding;
  } finally {
    for (const name of Object.keys(settings)) {
      if (before[name] === undefined) delete env[name];
      else env[name] = before[name];
    }
  }
}

/** What is imported makes itself the default backend. */
function keepingBackend(work: () => void): void {
  const before = tf.getBackend();
  try {
    work();
  } finally {
    void tf.setBackend(before || 'cpu');
  }
}

/**
 * Has a library that is installed elsewhere use the modules that are loaded here: with a core of its own it would register
 * every kernel a second time.
 */
function shareCore(file: string): void {
  for (const name of ['@tensorflow/tfjs-core', '@tensorflow/tfjs-backend-cpu']) {
    const ours = require.cache[require.resolve(name)];
    if (ours !== undefined) require.cache[createRequire(file).resolve(name)] ??= ours;
  }
}

/** tfjs-node 4.22 calls a function of Node that version 23 took away. */
function restoreIsNullOrUndefined(): void {
  const util = require('node:util') as { isNullOrUndefined?: (value: unknown) => boolean };
  util.isNullOrUndefined ??= (value) => value === null || value === undefined;
}

/** The first line of a loader's message, without the folders of this machine. */
function brief(message: string): string {
  return (message.split('\n')[0] ?? '').replace(/\/[^\s'"]*\//g, '');
}

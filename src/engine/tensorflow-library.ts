/** @file TensorFlow's native library, wherever it is installed, on the one core of TensorFlow.js that is loaded. */
import { createRequire } from 'node:module';
import { messageOf, UserError } from '../base/errors.js';
import { findLibrary, type NativeLibrary } from '../base/native-library.js';
import './ops.js';

const require = createRequire(import.meta.url);

/** The one for a GPU is tried first. */
const libraries = [
  '@tensorflow/tfjs-node-gpu',
  '@tensorflow/tfjs-node',
] as const satisfies readonly NativeLibrary[];

/**
 * Loads it, which registers the backend `tensorflow`.
 * @throws UserError where neither library is installed and starts
 */
export function loadTensorflow(): void {
  const failures: string[] = [];
  for (const library of libraries) {
    const file = findLibrary(library);
    if (file === undefined) continue;
    try {
      shareCore(file);
      restoreIsNullOrUndefined();
      require(file);
      return;
    } catch (error) {
      failures.push(`${library}: ${brief(messageOf(error))}`);
    }
  }
  const why = failures.length === 0 ? '' : ` (${failures.join('; ')})`;
  throw new UserError(`the engine tensorflow is not installed${why}`, {
    hint: 'Run `ehmam setup tensorflow` where a network allows it, or use --engine onnx',
  });
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

/** @file ONNX Runtime's library, opened once: the one that npm brought, or one with CUDA that was found elsewhere. */

import { dirname, join } from 'node:path';
import { namesIn } from '../../base/files.js';
import { findLibrary } from '../../base/native-library.js';
import '../no-telemetry.js';
import { type CApi, cApi } from './c-api.js';
import { type Address, type Foreign, foreign } from './foreign.js';

export interface OrtLibrary {
  readonly foreign: Foreign;
  readonly api: CApi;
  /** The environment, one for all sessions. */
  readonly environment: Address;
  /** Memory of the host. */
  readonly hostMemory: Address;
  /** The default allocator of the host. */
  readonly allocator: Address;
}

const opened = new Map<string, OrtLibrary>();

/** Errors and worse, as the runtime numbers them: its warnings are about choices that we made. */
export const errorsOnly = 3;

/** The types and the place of memory, as the runtime numbers them. */
export const deviceAllocator = 0;
export const defaultMemory = 0;
const arenaAllocator = 1;

/**
 * Opens a library.
 * @param file absolute path of `libonnxruntime`
 * @throws Error for a file that is none, or too old
 */
export function openOrt(library: Foreign, file: string): OrtLibrary {
  const known = opened.get(file);
  if (known !== undefined) return known;
  const handle = library.load(file);
  const base = handle.func('OrtGetApiBase', 'void *', [])() as Address;
  const api = cApi(library, base);
  const found: OrtLibrary & { readonly handle: unknown } = {
    foreign: library,
    api,
    environment: api.make('CreateEnv', errorsOnly, 'ehmam'),
    hostMemory: api.make('CreateMemoryInfo', 'Cpu', deviceAllocator, 0, defaultMemory),
    allocator: api.make('GetAllocatorWithDefaultOptions'),
    // koffi closes a library whose handle is collected.
    handle,
  };
  shareMemory(found);
  opened.set(file, found);
  return found;
}

/**
 * Lets all sessions take what they need on their way from one memory, which stays with the process: memory fetched anew and
 * given back takes a tenth of an update, and more of a small one.
 */
function shareMemory({ api, environment }: OrtLibrary): void {
  const memory = api.make('CreateMemoryInfo', 'Cpu', arenaAllocator, 0, defaultMemory);
  const usualSettings = null;
  try {
    api.call('CreateAndRegisterAllocator', environment, memory, usualSettings);
  } finally {
    api.release('ReleaseMemoryInfo', memory);
  }
}

/** The library that `onnxruntime-node` carries; undefined where koffi cannot be loaded or the package is not there. */
export function npmOrt(): OrtLibrary | undefined {
  const library = foreign();
  const file = library && npmOrtFile();
  if (library === undefined || file === undefined) return undefined;
  return openOrt(library, file);
}

const names: Readonly<Record<string, RegExp>> = {
  linux: /^libonnxruntime\.so(\.\d+)*$/,
  darwin: /^libonnxruntime(\.\d+)*\.dylib$/,
  win32: /^onnxruntime\.dll$/,
};

/** The library's file in the package, which keeps one for every platform. */
export function npmOrtFile(): string | undefined {
  const entry = findLibrary('onnxruntime-node');
  if (entry === undefined) return undefined;
  const binaries = join(dirname(entry), '..', 'bin');
  for (const version of namesIn(binaries)) {
    const folder = join(binaries, version, process.platform, process.arch);
    const name = namesIn(folder).find((file) => names[process.platform]?.test(file));
    if (name !== undefined) return join(folder, name);
  }
  return undefined;
}

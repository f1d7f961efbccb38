/** @file The compiling engine: traces a function, lowers it to ONNX, runs it with ONNX Runtime. */

import type { Engine, Precision, ProviderName } from './engine.js';
import { openGraphFile } from './graph-file.js';
import { createHolder } from './held.js';
import { compiledProgram } from './program.js';
import { sessionRuntime, threadsRuntime } from './runtime.js';

export interface OnnxSettings {
  readonly provider: ProviderName;
  /** Threads one operator may use. */
  readonly threads: number;
  /** Default `fp32`. */
  readonly precision?: Precision | undefined;
}

export function onnxEngine(settings: OnnxSettings): Engine {
  const { provider, threads, precision = 'fp32' } = settings;
  const holder = createHolder();
  return {
    name: 'onnx',
    provider,
    precision,
    threads,
    hold: (tree) => holder.hold(tree, 'what the host gave'),
    compile: (fn, options) => {
      const sideBySide = options.concurrent && provider === 'cpu' ? threadsRuntime(threads) : undefined;
      return compiledProgram(fn, options, {
        holder,
        runtime: sideBySide ?? sessionRuntime(settings),
        sendsInputs: provider !== 'cpu',
      });
    },
    open: (file) => openGraphFile(file, settings),
  };
}

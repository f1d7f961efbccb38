/** @file The compiling engine: traces a function, lowers it to ONNX, runs it with ONNX Runtime. */

import type ort from 'onnxruntime-node';
import { messageOf } from '../base/errors.js';
import type { HostTensor } from '../base/host-tensor.js';
import type { Engine, Program, ProgramOptions, ProviderName, TensorFunction } from './engine.js';
import { inputCheck, signatureOf } from './inputs.js';
import { lowerToOnnx, specsOf } from './lower.js';
import type { Tensor } from './ops.js';
import { createSession, hostTensor, ortTensor } from './session.js';
import { sideBySideProgram } from './side-by-side.js';
import { flatten, isHostTensor, nest, type ToHost, type Tree } from './tree.js';

export interface OnnxSettings {
  readonly provider: ProviderName;
  /** Threads one operator may use. */
  readonly threads: number;
}

/** Programs keep this many sessions, the ones used last; each stands for one set of shapes. */
const keptSessions = 48;

interface Compiled {
  readonly session: ort.InferenceSession;
  readonly outputs: readonly string[];
}

export function onnxEngine(settings: OnnxSettings): Engine {
  return {
    name: 'onnx',
    provider: settings.provider,
    threads: settings.threads,
    compile: (fn, options) =>
      (options.sideBySide && settings.provider === 'cpu'
        ? sideBySideProgram(fn, options, settings.threads)
        : undefined) ?? onnxProgram(fn, options, settings),
  };
}

function onnxProgram<In extends Tree<Tensor>, Out extends Tree<Tensor>>(
  fn: TensorFunction<In, Out>,
  options: ProgramOptions,
  settings: OnnxSettings,
): Program<In, Out> {
  const sessions = new Map<string, Promise<Compiled>>();
  const { name, dynamicAxes = {} } = options;
  const check = inputCheck(name);

  const compileFor = async (inputs: Tree<HostTensor>): Promise<Compiled> => {
    const { bytes, outputs } = lowerToOnnx(fn, specsOf(inputs), options);
    const isDynamic = Object.keys(dynamicAxes).length > 0;
    const session = await createSession(bytes, {
      ...settings,
      // A session a shape would keep the largest memory of each: three times the peak. Where that is little, or one
      // session serves every length, it pays: else up to half of the time goes into memory fetched and given back.
      keepMemory: isDynamic || (options.keepMemory ?? false),
    });
    return { session, outputs };
  };

  const compiledFor = (
    inputs: Tree<HostTensor>,
    leaves: readonly [string, HostTensor][],
  ): Promise<Compiled> => {
    const signature = signatureOf(leaves, dynamicAxes);
    const known = sessions.get(signature);
    const compiled = known ?? compileFor(inputs);
    sessions.delete(signature);
    sessions.set(signature, compiled);
    if (known === undefined) {
      compiled.catch(() => sessions.delete(signature));
      const [oldest] = sessions;
      if (sessions.size > keptSessions && oldest !== undefined) {
        sessions.delete(oldest[0]);
        void oldest[1].then(({ session }) => session.release());
      }
    }
    return compiled;
  };

  return {
    run: async (inputs, into) => {
      const leaves = check.leavesOf(inputs as Tree<HostTensor>);
      const { session, outputs } = await compiledFor(inputs as Tree<HostTensor>, leaves);
      check.expect(leaves);
      const feeds = Object.fromEntries(leaves.map(([path, leaf]) => [path, ortTensor(leaf)]));
      const memory = new Map(
        into === undefined ? [] : flatten<HostTensor>(into as Tree<HostTensor>, isHostTensor),
      );
      const overwritten = new Set([...memory.values()].map(({ data }) => data));
      const lost = leaves.find(([, { data }]) => overwritten.has(data));
      if (lost !== undefined)
        throw new Error(`${name} cannot run: the input ${lost[0]} would be overwritten`);
      const fetches = Object.fromEntries(
        outputs.map((path) => {
          const tensor = memory.get(path);
          return [`${path}:out`, tensor === undefined ? null : ortTensor(tensor)];
        }),
      );
      const results = await session.run(feeds, fetches).catch((cause: unknown) => {
        throw new Error(`${name} failed: ${messageOf(cause)}`, { cause });
      });
      return nest(
        // What the runtime returns for an output with memory of its own is a copy of that.
        outputs.map((path) => [path, memory.get(path) ?? hostTensor(results[`${path}:out`] as ort.Tensor)]),
      ) as ToHost<Out>;
    },
    dispose: async () => {
      for (const compiled of sessions.values()) await (await compiled).session.release();
      sessions.clear();
    },
  };
}

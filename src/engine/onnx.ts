/** @file The compiling engine: traces a function, lowers it to ONNX, runs it with ONNX Runtime. */
import type { Tensor } from '@tensorflow/tfjs';
import ort from 'onnxruntime-node';
import { messageOf } from '../errors.js';
import { joinLengths } from './dynamic.js';
import type { Engine, Program, ProgramOptions, ProviderName, TensorFunction } from './engine.js';
import { inputCheck } from './inputs.js';
import { type ModelNames, serialize } from './serialize.js';
import { type TensorSpec, trace } from './trace.js';
import { flatten, type HostTensor, isHostTensor, mapLeaves, type ToHost, type Tree } from './tree.js';

export interface OnnxSettings {
  readonly provider: ProviderName;
  /** Threads one operator may use. */
  readonly threads: number;
}

/** What is added to a length to trace a dynamic program at two lengths, neither of them special. */
const tracedLengths = [16 * 1009, 19 * 1009] as const;

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
    compile: (fn, options) => onnxProgram(fn, options, settings),
  };
}

/**
 * The bytes of the ONNX model of a function: for export, and for looking at what was compiled.
 * @param names how the model calls its outputs and free axes (default: as programs of the engine do)
 */
export function lowerToOnnx<In extends Tree<Tensor>, Out extends Tree<Tensor>>(
  fn: TensorFunction<In, Out>,
  inputs: Tree<TensorSpec>,
  options: ProgramOptions,
  names?: ModelNames,
): { readonly bytes: Uint8Array; readonly outputs: readonly string[] } {
  const { name, dynamicAxes = {} } = options;
  if (Object.keys(dynamicAxes).length === 0) {
    const graph = trace(name, fn, inputs);
    return { bytes: serialize(graph, undefined, names), outputs: graph.outputs.map(([path]) => path) };
  }
  const [a, b] = tracedLengths.map((more) => {
    const isSpec = (node: TensorSpec | Tree<TensorSpec>): node is TensorSpec => Array.isArray(node.shape);
    const longer = mapLeaves<TensorSpec, TensorSpec>(inputs, isSpec, (spec, path) => ({
      dtype: spec.dtype,
      shape: spec.shape.map((dim, axis) => (dynamicAxes[path] === axis ? dim + more : dim)),
    }));
    return trace(name, fn, longer);
  });
  if (a === undefined || b === undefined) throw new Error('two traces are needed');
  const { graph, dynamic } = joinLengths(name, a, b);
  return { bytes: serialize(graph, dynamic, names), outputs: graph.outputs.map(([path]) => path) };
}

function onnxProgram<In extends Tree<Tensor>, Out extends Tree<Tensor>>(
  fn: TensorFunction<In, Out>,
  options: ProgramOptions,
  settings: OnnxSettings,
): Program<In, Out> {
  const sessions = new Map<string, Promise<Compiled>>();
  const { name, dynamicAxes = {} } = options;
  const check = inputCheck(name);

  const signatureOf = (leaves: readonly [string, HostTensor][]): string =>
    leaves
      .map(([path, { dtype, shape }]) => {
        const sizes = shape.map((dim, axis) => (dynamicAxes[path] === axis ? '?' : dim));
        return `${path}:${dtype}[${sizes.join()}]`;
      })
      .join(' ');

  const compileFor = async (inputs: Tree<HostTensor>): Promise<Compiled> => {
    const specs = mapLeaves<HostTensor, TensorSpec>(inputs, isHostTensor, ({ shape, dtype }) => ({
      shape,
      dtype,
    }));
    const { bytes, outputs } = lowerToOnnx(fn, specs, options);
    const isDynamic = Object.keys(dynamicAxes).length > 0;
    const session = await ort.InferenceSession.create(bytes, {
      executionProviders: [settings.provider],
      intraOpNumThreads: settings.threads,
      // The graph is lowered to what the runtime does well; its further fusions cost time to find and to run.
      graphOptimizationLevel: 'basic',
      // A session a shape would keep the largest memory of each: three times the peak. Where that is little, or one
      // session serves every length, it pays: else up to half of the time goes into memory fetched and given back.
      enableCpuMemArena: isDynamic || (options.keepMemory ?? false),
      // A plan of the memory would be one more block of its size beside what the arena holds.
      enableMemPattern: false,
      logSeverityLevel: 3,
    });
    return { session, outputs };
  };

  const compiledFor = (
    inputs: Tree<HostTensor>,
    leaves: readonly [string, HostTensor][],
  ): Promise<Compiled> => {
    const signature = signatureOf(leaves);
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

function ortTensor({ dtype, shape, data }: HostTensor): ort.Tensor {
  if (dtype === 'float32') return new ort.Tensor('float32', data as Float32Array, shape);
  if (dtype === 'int32') return new ort.Tensor('int32', data as Int32Array, shape);
  return new ort.Tensor('bool', data as Uint8Array, shape);
}

function hostTensor(tensor: ort.Tensor): HostTensor {
  return {
    dtype: tensor.type as HostTensor['dtype'],
    shape: tensor.dims,
    data: tensor.data as HostTensor['data'],
  };
}

/** Paths joined by '/' back into a tree. */
function nest(leaves: readonly (readonly [string, HostTensor])[]): Tree<HostTensor> {
  type Branch = { [name: string]: HostTensor | Branch };
  const root: Branch = {};
  for (const [path, leaf] of leaves) {
    const names = path.split('/');
    let branch = root;
    for (const name of names.slice(0, -1)) {
      branch[name] ??= {};
      branch = branch[name] as Branch;
    }
    branch[names.at(-1) as string] = leaf;
  }
  return root;
}

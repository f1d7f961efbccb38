/** @file Compiled programs: a function becomes a model for each set of shapes, and runs on what is given and held. */

import { messageOf } from '../base/errors.js';
import type { HostTensor } from '../base/host-tensor.js';
import { lastUsed } from '../base/last-used.js';
import { tensorOf } from './constants.js';
import { type EngineTensor, isOnDevice } from './device/tensor.js';
import type { Program, ProgramOptions, ProviderName, TensorFunction } from './engine.js';
import { type Holder, isKept, isUnder, type OpenedInputs, runOpened } from './held.js';
import { inputCheck, signatureOf } from './inputs.js';
import { type LoweredProgram, lowerProgram, specsOf } from './lower.js';
import type { Tensor } from './ops.js';
import type { LoadedProgram, Runtime } from './runtime.js';
import { isTensor } from './trace.js';
import { flatten, isLeaf, mapLeaves, nest, type Tree } from './tree.js';

/** Programs keep this many models, the ones used last; each stands for one set of shapes. */
const keptModels = 48;

export interface ProgramPlace {
  readonly holder: Holder;
  readonly runtime: Runtime;
  /** Whether inputs cross over to a device at every run: then what stays the same is better a constant. */
  readonly sendsInputs: boolean;
  /** Where programs run: some operators have another form there. */
  readonly provider: ProviderName;
  /** Whether the runtime does fused operations. */
  readonly fuses: boolean;
}

interface Loaded extends Pick<LoweredProgram, 'inputs' | 'outputs'> {
  readonly model: LoadedProgram;
}

export function compiledProgram<In extends Tree<Tensor>, Out extends Tree<Tensor>, Kept extends string>(
  fn: TensorFunction<In, Out>,
  options: ProgramOptions<Kept>,
  { holder, runtime, sendsInputs, provider, fuses }: ProgramPlace,
): Program<In, Out, Kept> {
  const { name, dynamicAxes = {}, keeps = [], consumes = [] } = options;
  const isDynamic = Object.keys(dynamicAxes).length > 0;
  const check = inputCheck(name);
  const load = async (tree: Tree<EngineTensor>, isFixed: (path: string) => boolean): Promise<Loaded> => {
    const [body, inputs] = withConstants(fn, tree, isFixed);
    const place = { ...options, provider, fuses };
    const { stages, between, ...paths } = lowerProgram(body, specsOf(inputs), place);
    const outputs = paths.outputs.map((output) => ({ ...output, kept: isKept(keeps, output.path) }));
    // The bytes of the models are not kept beside their sessions.
    return { ...paths, model: await runtime.load({ name, stages, between, outputs }) };
  };
  const models = modelCache();

  const run = async (opened: OpenedInputs): Promise<Tree<EngineTensor>> => {
    const leaves = check.leavesOf(opened.tree);
    // Programs of every length that keep nothing run often on the same values: those of a frozen network.
    const fixed = sendsInputs && isDynamic && keeps.length === 0 ? opened.fixed : [];
    const isFixed = (path: string): boolean => fixed.some((one) => isUnder(path, one.path));
    const signature = [
      signatureOf(leaves, dynamicAxes),
      ...fixed.map(({ id, path }) => `${path}=${id}`),
    ].join(' ');
    const { model, inputs, outputs } = await models.get(signature, () => load(opened.tree, isFixed));
    check.expect(leaves);
    const values = new Map(leaves);
    const result = await model
      .run(
        inputs.map((path) => [path, values.get(path) as EngineTensor]),
        {
          borrowed: new Set(opened.movable()),
          given: new Set(ownMemory(leaves).filter((path) => isKept(consumes, path) && !opened.isHeld(path))),
        },
      )
      .catch((cause: unknown) => ({ failure: messageOf(cause), back: new Map<string, HostTensor>() }));
    if ('failure' in result) {
      opened.putBack(result.back);
      throw new Error(`${name} failed: ${result.failure}`);
    }
    return nest(outputs.map(({ path }, i) => [path, result.outputs[i] as EngineTensor]));
  };

  return {
    run: (inputs) => runOpened<Out, Kept>({ holder, memory: runtime.memory }, options, inputs, run),
    dispose: async () => {
      await models.clear();
      await runtime.close();
    },
  };
}

/** Paths of the tensors that fill a memory that is theirs alone. */
function ownMemory(all: readonly (readonly [string, EngineTensor])[]): string[] {
  const leaves = all.flatMap(([path, tensor]) => (isOnDevice(tensor) ? [] : [[path, tensor] as const]));
  const users = new Map<ArrayBufferLike, number>();
  for (const [, { data }] of leaves) users.set(data.buffer, (users.get(data.buffer) ?? 0) + 1);
  return leaves.flatMap(([path, { data }]) =>
    data.buffer instanceof ArrayBuffer &&
    data.byteLength === data.buffer.byteLength &&
    users.get(data.buffer) === 1
      ? [path]
      : [],
  );
}

/** A function and its inputs, of which the fixed ones are made constants. */
function withConstants<In extends Tree<Tensor>, Out>(
  fn: TensorFunction<In, Out>,
  tree: Tree<EngineTensor>,
  isFixed: (path: string) => boolean,
): [TensorFunction<Tree<Tensor>, Out>, Tree<EngineTensor>] {
  const leaves = flatten(tree, isLeaf);
  const free = leaves.filter(([path]) => !isFixed(path));
  if (free.length === leaves.length) return [(inputs) => fn(inputs as In), tree];
  const body = (inputs: Tree<Tensor>): Out => {
    const given = new Map(flatten(inputs, isTensor));
    const whole = mapLeaves(tree, isLeaf, (leaf, path) => given.get(path) ?? tensorOf(leaf as HostTensor));
    return fn(whole as In);
  };
  return [body, nest(free)];
}

/** The models that were used last. */
function modelCache() {
  const models = lastUsed<Promise<Loaded>>(keptModels, (oldest) => {
    void oldest.then(({ model }) => model.unload());
  });
  return {
    get: (signature: string, load: () => Promise<Loaded>): Promise<Loaded> =>
      models.get(signature, () => {
        const loaded = load();
        loaded.catch(() => models.forget(signature));
        return loaded;
      }),
    clear: async (): Promise<void> => {
      for (const loaded of models.takeAll()) await (await loaded).model.unload();
    },
  };
}

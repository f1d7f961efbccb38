/** @file Compiled programs: a function becomes a model for each set of shapes, and runs on what is given and held. */

import { messageOf } from '../base/errors.js';
import type { HostTensor } from '../base/host-tensor.js';
import { lastUsed } from '../base/last-used.js';
import { type EngineTensor, isOnDevice } from './device/tensor.js';
import type { Program, ProgramOptions, ProviderName, TensorFunction } from './engine.js';
import { type Holder, isNamed, type OpenedInputs, runOpened } from './held.js';
import { inputCheck, signatureOf } from './inputs.js';
import { type LoweredProgram, lowerProgram, specsOf } from './lower.js';
import type { Tensor } from './ops.js';
import type { LoadedProgram, Runtime } from './runtime.js';
import { nest, type Tree } from './tree.js';

/** Programs keep this many models, the ones used last; each stands for one set of shapes. */
const keptModels = 48;

export interface ProgramPlace {
  readonly holder: Holder;
  readonly runtime: Runtime;
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
  { holder, runtime, provider, fuses }: ProgramPlace,
): Program<In, Out, Kept> {
  const { name, dynamicAxes = {}, keeps = [], consumes = [] } = options;
  const check = inputCheck(name);
  const load = async (inputs: Tree<EngineTensor>): Promise<Loaded> => {
    const place = { ...options, provider, fuses };
    const { stages, between, ...paths } = lowerProgram(fn, specsOf(inputs), place);
    const outputs = paths.outputs.map((output) => ({ ...output, kept: isNamed(keeps, output.path) }));
    // The bytes of the models are not kept beside their sessions.
    return { ...paths, model: await runtime.load({ name, stages, between, outputs }) };
  };
  const models = modelCache();

  const run = async (opened: OpenedInputs): Promise<Tree<EngineTensor>> => {
    const leaves = check.leavesOf(opened.tree);
    const signature = signatureOf(leaves, dynamicAxes);
    const { model, inputs, outputs } = await models.get(signature, () => load(opened.tree));
    check.expect(leaves);
    const values = new Map(leaves);
    const result = await model
      .run(
        inputs.map((path) => [path, values.get(path) as EngineTensor]),
        {
          borrowed: new Set(opened.movable()),
          given: new Set(ownMemory(leaves).filter((path) => isNamed(consumes, path) && !opened.isHeld(path))),
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

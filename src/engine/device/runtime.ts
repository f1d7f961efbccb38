/** @file Models on a device: what the engine holds lies there, and only what is looked at comes back. */

import { messageOf } from '../../base/errors.js';
import type { TensorSpec } from '../../base/host-tensor.js';
import { isOutOfMemory } from '../../base/runtime-failures.js';
import { fusedCalls } from '../fused/calls.js';
import type { Stage } from '../fused/stages.js';
import type { HoldingDevice } from '../held.js';
import type { ProgramModel } from '../lower.js';
import { outputName } from '../model-names.js';
import { placedNodes } from '../ort/places.js';
import { createOrtSession, type OrtSession } from '../ort/session.js';
import { bytesOf } from '../ort/values.js';
import { type EngineRemark, toldOnce } from '../remarks.js';
import type { GivenTensors, LoadedProgram, RunnableProgram, RunResult, Runtime } from '../runtime.js';
import { makesLengths } from '../serialize.js';
import type { Accelerator } from './accelerator.js';
import { type Bound, deviceBindings, keyOf, runWithFreeOutputs } from './bindings.js';
import { layoutOf } from './layout.js';
import { type DevicePool, deviceSpareMemory, deviceTensor, downloaded, placed } from './pool.js';
import { type DeviceMemory, type EngineTensor, isOnDevice } from './tensor.js';

/** A device with its memory, for all programs of an engine. */
export interface Device extends HoldingDevice {
  readonly accelerator: Accelerator;
  readonly pool: DevicePool;
  /** For what is done now: the same block until more is asked for. */
  scratch(bytes: number): DeviceMemory;
  /** Runs one work after the other: they share the scratch. */
  inTurn<T>(work: () => Promise<T>): Promise<T>;
}

export function createDevice(accelerator: Accelerator, pool: DevicePool): Device {
  let turn: Promise<unknown> = Promise.resolve();
  let scratch: DeviceMemory | undefined;
  return {
    accelerator,
    pool,
    memory: deviceSpareMemory(accelerator, pool),
    place: (tensor) => placed(accelerator, pool, tensor),
    scratch: (bytes) => {
      if (scratch === undefined || scratch.bytes < bytes) {
        const smaller = scratch;
        scratch = undefined;
        if (smaller !== undefined) pool.drop(smaller);
        scratch = pool.lend(bytes);
      }
      return scratch;
    },
    inTurn: (work) => {
      const result = turn.then(work);
      turn = result.catch(() => undefined);
      return result;
    },
  };
}

export interface DeviceRuntimeSettings {
  /** Threads of the processor, for what the device does not run. */
  readonly threads: number;
  /** Told of programs some of whose operators the device does not run. */
  readonly remark?: ((remark: EngineRemark) => void) | undefined;
}

export function deviceRuntime(device: Device, settings: DeviceRuntimeSettings): Runtime {
  const tell = settings.remark && toldOnce(settings.remark);
  return {
    memory: device.memory,
    load: async (program) => {
      const recorded = device.accelerator.records && hasShapes(program);
      const opened: OpenedStage[] = [];
      for (const { model, fused } of program.stages)
        opened.push({ fused, model: model && (await openModel(device, model, recorded, settings)) });
      const remark = tell && elsewhere(device.accelerator, program, opened);
      if (remark !== undefined) tell?.(remark);
      return deviceProgram(device, opened, program);
    },
    close: async () => {},
  };
}

/** The operators of a program that no session runs on the device, those aside that make but lengths. */
function elsewhere(
  { executionProvider, records }: Accelerator,
  program: RunnableProgram,
  opened: readonly OpenedStage[],
): EngineRemark | undefined {
  const operators = new Map<string, number>();
  const models = opened.flatMap(({ model }) => model ?? []);
  for (const { session } of models)
    for (const { operator, name, provider } of placedNodes(session.library, session.address))
      if (provider !== executionProvider && !makesLengths(name))
        operators.set(operator, (operators.get(operator) ?? 0) + 1);
  if (operators.size === 0) return undefined;
  const hinderRecording = records && hasShapes(program) && models.some(({ recorded }) => !recorded);
  return { kind: 'on the processor', program: program.name, operators, hinderRecording };
}

interface OpenedModel extends Pick<ProgramModel, 'inputs' | 'outputs'> {
  readonly session: OrtSession;
  readonly recorded: boolean;
}

type OpenedStage = Stage<OpenedModel>;

/** Recorded where it is asked for and the device can. */
async function openModel(
  { accelerator }: Device,
  { bytes, inputs, outputs }: ProgramModel,
  recorded: boolean,
  { threads, remark }: DeviceRuntimeSettings,
): Promise<OpenedModel> {
  const open = async (recorded: boolean): Promise<OpenedModel> => {
    const settings = {
      threads,
      remembersPlaces: remark !== undefined,
      ...accelerator.sessionSettings(recorded),
    };
    const session = await createOrtSession(accelerator.library, bytes, settings);
    return { session, recorded, inputs, outputs };
  };
  return recorded ? open(true).catch(() => open(false)) : open(false);
}

const hasShapes = ({ outputs }: Pick<RunnableProgram, 'outputs'>): boolean =>
  outputs.every(({ spec }) => spec !== undefined);

function deviceProgram(
  device: Device,
  opened: readonly OpenedStage[],
  { outputs, between }: Pick<RunnableProgram, 'outputs' | 'between'>,
): LoadedProgram {
  const { accelerator, pool } = device;
  const inPlace = stagingOf(device);
  /** Of outputs that go to the host: a block each, the same at every run. */
  const results = new Map<string, DeviceMemory>();
  const isFixed = hasShapes({ outputs });
  const stages = opened.map(({ model, fused }) => ({
    model: model && { ...model, bindings: deviceBindings(accelerator, model.session, model.recorded) },
    calls: fused.length > 0 ? fusedCalls(device, fused) : undefined,
  }));
  const blockOf = (path: string, spec: TensorSpec): Bound => {
    const block = results.get(path) ?? pool.lend(bytesOf(spec));
    results.set(path, block);
    return { name: outputName(path), tensor: deviceTensor(accelerator, spec.dtype, spec.shape, block) };
  };
  const layout = layoutOf(opened, between);
  const inScratch = (): Bound[] => {
    if (between.length === 0) return [];
    const { address, ...block } = device.scratch(layout.bytes);
    return between.map(({ path, dtype, shape }) => {
      const memory = { ...block, address: address + BigInt(layout.offsets.get(path) as number) };
      return { name: outputName(path), tensor: deviceTensor(accelerator, dtype, shape, memory) };
    });
  };

  const once = async (given: GivenTensors): Promise<EngineTensor[]> => {
    const inputs = given.map(([path, tensor]) => inPlace(path, tensor));
    const memory = device.memory.giveAll(outputs);
    try {
      const known = outputs.map(({ path, spec }, i): Bound | undefined => {
        const own = memory[i];
        if (own !== undefined && isOnDevice(own)) return { name: outputName(path), tensor: own };
        return spec && blockOf(path, spec);
      });
      const [{ model } = { model: undefined }] = opened;
      if (!isFixed && model !== undefined)
        return await runWithFreeOutputs(accelerator, model.session, inputs, outputs, known);
      const bound = known as readonly Bound[];
      const tensors = [...inputs, ...bound, ...inScratch()];
      const key = keyOf(tensors);
      const named = new Map(tensors.map((each) => [each.name, each]));
      const of = (names: readonly string[]): Bound[] => names.map((name) => named.get(name) as Bound);
      for (const { model, calls } of stages) {
        model?.bindings.run(key, of(model.inputs), of(model.outputs));
        if (model !== undefined) await accelerator.synchronize();
        calls?.start(key, tensors);
        if (calls !== undefined) await accelerator.synchronize();
      }
      return bound.map(({ tensor }, i) =>
        outputs[i]?.kept ? tensor : downloaded(accelerator, tensor, tensor.memory.address),
      );
    } catch (error) {
      device.memory.take(memory.filter((tensor) => tensor !== undefined));
      throw error;
    }
  };

  /** A device that is full may have room again when what waits for later tensors is given back. */
  const withRoom = async (given: GivenTensors): Promise<RunResult<EngineTensor>> => {
    try {
      const outputs = await once(given).catch((error: unknown) => {
        if (!isOutOfMemory(error)) throw error;
        pool.clear();
        return once(given);
      });
      return { outputs };
    } catch (error) {
      return { failure: messageOf(error), back: new Map() };
    }
  };

  return {
    run: (given) => device.inTurn(() => withRoom(given)),
    unload: () =>
      device.inTurn(async () => {
        for (const { model, calls } of stages) {
          model?.bindings.release();
          calls?.release();
          model?.session.release();
        }
        inPlace.free();
        for (const block of results.values()) block.free();
      }),
  };
}

/** Puts inputs of the host on the device, each path in a block of its own; what is there already stays where it is. */
function stagingOf({ accelerator, pool }: Device) {
  const blocks = new Map<string, DeviceMemory>();
  const inPlace = (path: string, tensor: EngineTensor): Bound => {
    if (isOnDevice(tensor)) return { name: path, tensor };
    const { dtype, shape, data } = tensor;
    let block = blocks.get(path);
    if (block === undefined || block.bytes < data.byteLength) {
      block?.free();
      block = pool.lend(data.byteLength);
      blocks.set(path, block);
    }
    accelerator.upload(block.address, data);
    return { name: path, tensor: deviceTensor(accelerator, dtype, shape, block) };
  };
  const free = (): void => {
    for (const block of blocks.values()) block.free();
  };
  return Object.assign(inPlace, { free });
}

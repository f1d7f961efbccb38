/** @file Models on a device: what the engine holds lies there, and only what is looked at comes back. */

import { messageOf } from '../../base/errors.js';
import type { TensorSpec } from '../../base/host-tensor.js';
import { isOutOfMemory } from '../../base/out-of-memory.js';
import { fusedCalls } from '../fused/calls.js';
import type { HoldingDevice } from '../held.js';
import { outputName } from '../model-names.js';
import { placedNodes } from '../ort/places.js';
import { createOrtSession, type OrtSession } from '../ort/session.js';
import { bytesOf } from '../ort/values.js';
import { type EngineRemark, toldOnce } from '../remarks.js';
import type { GivenTensors, LoadedModel, RunnableModel, RunResult, Runtime } from '../runtime.js';
import { makesLengths } from '../serialize.js';
import type { Accelerator } from './accelerator.js';
import { type Bound, deviceBindings, keyOf, runWithFreeOutputs } from './bindings.js';
import { type DevicePool, deviceSpareMemory, deviceTensor, downloaded, placed } from './pool.js';
import { type DeviceMemory, type EngineTensor, isOnDevice } from './tensor.js';

/** A device with its memory, for all programs of an engine. */
export interface Device extends HoldingDevice {
  readonly accelerator: Accelerator;
  readonly pool: DevicePool;
}

export function createDevice(accelerator: Accelerator, pool: DevicePool): Device {
  return {
    accelerator,
    pool,
    memory: deviceSpareMemory(accelerator, pool),
    place: (tensor) => placed(accelerator, pool, tensor),
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
    load: async (model) => {
      const opened = await openModel(device, model, settings);
      const remark = tell && elsewhere(device.accelerator, model, opened);
      if (remark !== undefined) tell?.(remark);
      return deviceModel(device, opened, model);
    },
    close: async () => {},
  };
}

/** The operators of a model that its session does not run on the device, those aside that make but lengths. */
function elsewhere(
  { executionProvider, records }: Accelerator,
  model: RunnableModel,
  { session, recorded }: OpenedModel,
): EngineRemark | undefined {
  const operators = new Map<string, number>();
  for (const { operator, name, provider } of placedNodes(session.library, session.address))
    if (provider !== executionProvider && !makesLengths(name))
      operators.set(operator, (operators.get(operator) ?? 0) + 1);
  if (operators.size === 0) return undefined;
  const hinderRecording = records && hasShapes(model) && !recorded;
  return { kind: 'on the processor', program: model.name, operators, hinderRecording };
}

interface OpenedModel {
  readonly session: OrtSession;
  readonly recorded: boolean;
}

/** Recorded where all shapes are known and the device can. */
async function openModel(
  { accelerator }: Device,
  model: RunnableModel,
  { threads, remark }: DeviceRuntimeSettings,
): Promise<OpenedModel> {
  const open = async (recorded: boolean): Promise<OpenedModel> => {
    const settings = {
      threads,
      remembersPlaces: remark !== undefined,
      ...accelerator.sessionSettings(recorded),
    };
    return { session: await createOrtSession(accelerator.library, model.bytes, settings), recorded };
  };
  return accelerator.records && hasShapes(model) ? open(true).catch(() => open(false)) : open(false);
}

const hasShapes = ({ outputs }: Pick<RunnableModel, 'outputs'>): boolean =>
  outputs.every(({ spec }) => spec !== undefined);

function deviceModel(
  device: Device,
  { session, recorded }: OpenedModel,
  { outputs, after }: Pick<RunnableModel, 'outputs' | 'after'>,
): LoadedModel {
  const { accelerator, pool } = device;
  const inPlace = stagingOf(device);
  /** Of outputs that go to the host, and of what is between the model and fused operations: a block each, the same at every run. */
  const results = new Map<string, DeviceMemory>();
  const bindings = deviceBindings(accelerator, session, recorded);
  const isFixed = hasShapes({ outputs });
  const calls = fusedCalls(device, after.fused);
  const madeAfter = new Set([...after.makes].map(outputName));
  const blockOf = (path: string, spec: TensorSpec): Bound => {
    const block = results.get(path) ?? pool.lend(bytesOf(spec));
    results.set(path, block);
    return { name: outputName(path), tensor: deviceTensor(accelerator, spec.dtype, spec.shape, block) };
  };
  let turn: Promise<unknown> = Promise.resolve();

  const once = async (given: GivenTensors): Promise<EngineTensor[]> => {
    const inputs = given.map(([path, tensor]) => inPlace(path, tensor));
    const memory = device.memory.giveAll(outputs);
    try {
      const known = outputs.map(({ path, spec }, i): Bound | undefined => {
        const own = memory[i];
        if (own !== undefined && isOnDevice(own)) return { name: outputName(path), tensor: own };
        return spec && blockOf(path, spec);
      });
      if (!isFixed) return await runWithFreeOutputs(accelerator, session, inputs, outputs, known);
      const bound = known as readonly Bound[];
      const between = after.between.map(({ path, ...room }) => blockOf(path, room));
      const all = [...bound, ...between];
      const tensors = [...inputs, ...all];
      const key = keyOf(tensors);
      bindings.run(
        key,
        inputs,
        all.filter(({ name }) => !madeAfter.has(name)),
      );
      await accelerator.synchronize();
      if (after.fused.length > 0) {
        calls.start(key, tensors);
        await accelerator.synchronize();
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
    run: (given) => {
      const result = turn.then(() => withRoom(given));
      turn = result;
      return result;
    },
    unload: async () => {
      await turn;
      bindings.release();
      calls.release();
      session.release();
      inPlace.free();
      for (const block of results.values()) block.free();
    },
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

/** @file Which tensors a run of a session reads and writes on a device: bound once for each set of blocks. */

import { lastUsed } from '../../base/last-used.js';
import { outputName } from '../model-names.js';
import type { Address } from '../ort/foreign.js';
import type { OrtSession } from '../ort/session.js';
import { bytesOf, describe, valueOver } from '../ort/values.js';
import type { ModelOutput } from '../spare-memory.js';
import type { Accelerator } from './accelerator.js';
import { deviceTensor, downloaded } from './pool.js';
import type { DeviceMemory, DeviceTensor, EngineTensor } from './tensor.js';

/** A tensor under the name that a model has for it. */
export interface Bound {
  readonly name: string;
  readonly tensor: DeviceTensor;
}

export interface DeviceBindings {
  /**
   * Starts a run. Its outputs are there when the device is done.
   * @param key the same for the same blocks (`keyOf`)
   */
  run(key: string, inputs: readonly Bound[], outputs: readonly Bound[]): void;
  release(): void;
}

interface Binding {
  readonly address: Address;
  readonly values: readonly Address[];
  /** Options of runs that are not recorded, and of those that are. */
  readonly recorded: Address | undefined;
  runs: number;
}

/** Tells sets of blocks apart. */
export const keyOf = (all: readonly Bound[]): string =>
  all.map(({ tensor: { memory, shape } }) => `${memory.id}:${shape.join('x')}`).join();

/** Bindings that a model keeps, the ones used last. State that takes turns in two sets of blocks needs two. */
const keptBindings = 16;

/** Recordings that a model may have: each keeps its memory as long as the session. */
const keptRecordings = 8;

/** The runtime starts its work and returns: we wait for the device where we need to. */
const withoutWaiting = ['disable_synchronize_execution_providers', '1'] as const;

/** @param records whether runs of the session are recorded and replayed */
export function deviceBindings(
  accelerator: Accelerator,
  session: OrtSession,
  records: boolean,
): DeviceBindings {
  const { api } = accelerator.library;
  const runOptions = (recording: string | undefined): Address => {
    const options = api.make('CreateRunOptions');
    api.call('AddRunConfigEntry', options, ...withoutWaiting);
    if (recording !== undefined) api.call('AddRunConfigEntry', options, 'gpu_graph_id', recording);
    return options;
  };
  const plain = runOptions(records ? '-1' : undefined);
  let recordings = 0;

  const bind = (inputs: readonly Bound[], outputs: readonly Bound[]): Binding => {
    const address = api.make('CreateIoBinding', session.address);
    const values: Address[] = [];
    for (const [call, all] of [
      ['BindInput', inputs],
      ['BindOutput', outputs],
    ] as const)
      for (const { name, tensor } of all) {
        const value = valueIn(accelerator, tensor);
        values.push(value);
        api.call(call, address, name, value);
      }
    const recorded = records && recordings < keptRecordings ? runOptions(String(++recordings)) : undefined;
    return { address, values, recorded, runs: 0 };
  };
  const release = ({ address, values, recorded }: Binding): void => {
    api.release('ReleaseIoBinding', address);
    for (const value of values) api.release('ReleaseValue', value);
    if (recorded !== undefined) api.release('ReleaseRunOptions', recorded);
  };
  const known = lastUsed(keptBindings, release);
  return {
    run: (key, inputs, outputs) => {
      const binding = known.get(key, () => bind(inputs, outputs));
      // Blocks that are met again will be met more often: what happened once is not worth a recording.
      const options = (binding.runs++ > 0 ? binding.recorded : undefined) ?? plain;
      accelerator.uploaded();
      api.call('RunWithBinding', session.address, options, binding.address);
    },
    release: () => {
      known.takeAll().forEach(release);
      api.release('ReleaseRunOptions', plain);
    },
  };
}

/**
 * Runs a session some of whose outputs have a length that only the run shows.
 * @param known outputs whose place is known, in the order of all
 * @returns the outputs: those that are kept on the device
 */
export async function runWithFreeOutputs(
  accelerator: Accelerator,
  session: OrtSession,
  inputs: readonly Bound[],
  outputs: readonly ModelOutput[],
  known: readonly (Bound | undefined)[],
): Promise<EngineTensor[]> {
  const { library, memoryInfo } = accelerator;
  const { api } = library;
  const binding = api.make('CreateIoBinding', session.address);
  const options = api.make('CreateRunOptions');
  const values: Address[] = [];
  const valueFor = (tensor: DeviceTensor): Address => {
    const value = valueIn(accelerator, tensor);
    values.push(value);
    return value;
  };
  try {
    api.call('AddRunConfigEntry', options, ...withoutWaiting);
    for (const { name, tensor } of inputs) api.call('BindInput', binding, name, valueFor(tensor));
    outputs.forEach(({ path }, i) => {
      const own = known[i];
      if (own === undefined) api.call('BindOutputToDevice', binding, outputName(path), memoryInfo);
      else api.call('BindOutput', binding, own.name, valueFor(own.tensor));
    });
    accelerator.uploaded();
    api.call('RunWithBinding', session.address, options, binding);
    await accelerator.synchronize();
    return boundOutputs(accelerator, binding).map((value, i) => {
      const { dtype, shape, address, bytes } = describe(library, value);
      const free = (): void => api.release('ReleaseValue', value);
      const own = known[i]?.tensor;
      if (outputs[i]?.kept && own === undefined)
        return deviceTensor(accelerator, dtype, shape, lentBy(address, bytes, free));
      const tensor = outputs[i]?.kept && own ? own : downloaded(accelerator, { dtype, shape }, address);
      free();
      return tensor;
    });
  } finally {
    api.release('ReleaseIoBinding', binding);
    api.release('ReleaseRunOptions', options);
    for (const value of values) api.release('ReleaseValue', value);
  }
}

/** The values of a binding's outputs, in the order in which they were bound; each is to be released. */
function boundOutputs({ library }: Accelerator, binding: Address): Address[] {
  const { api, foreign, allocator } = library;
  const [list, count] = [[null as Address | null], [0]];
  api.call('GetBoundOutputValues', binding, allocator, list, count);
  const at = list[0] as Address;
  const values = Array.from(
    { length: count[0] as number },
    (_, i) => foreign.decode(at, i * 8, 'void *') as Address,
  );
  api.call('AllocatorFree', allocator, at);
  return values;
}

let lent = 0;

/** Memory that the runtime lends; its numbers are negative, apart from those of the pool's blocks. */
const lentBy = (address: Address, bytes: number, free: () => void): DeviceMemory => ({
  id: -++lent,
  address,
  bytes,
  free,
});

const valueIn = (accelerator: Accelerator, tensor: DeviceTensor): Address =>
  valueOver(accelerator.library, tensor.dtype, tensor.shape, {
    info: accelerator.memoryInfo,
    address: tensor.memory.address,
    bytes: bytesOf(tensor),
  });

/** @file Runs the fused operations of a model on a device: tables are written once for each set of blocks, then launched. */
import { lastUsed } from '../../base/last-used.js';
import type { Accelerator } from '../device/accelerator.js';
import type { Bound } from '../device/bindings.js';
import type { DevicePool } from '../device/pool.js';
import type { DeviceMemory, DeviceTensor } from '../device/tensor.js';
import type { Fused } from './fused.js';
import { type Launch, launchesOf, rowBytes, runsOf } from './launches.js';

/** Tables that a model keeps, the ones used last. State that takes turns in two sets of blocks needs two. */
const keptTables = 16;

/** Launches whose tables lie on the device. */
interface Prepared {
  readonly launches: readonly (Omit<Launch, 'table'> & { readonly at: DeviceMemory })[];
  readonly workspaces: readonly DeviceMemory[];
}

export interface FusedCalls {
  /**
   * Starts the operations.
   * @param key the same for the same blocks
   * @param tensors all that the operations name
   */
  start(key: string, tensors: readonly Bound[]): void;
  release(): void;
}

/** @param calls the operations, with the names of their tensors, in an order in which each reads what is made before it */
export function fusedCalls(
  { accelerator, pool }: { readonly accelerator: Accelerator; readonly pool: DevicePool },
  calls: readonly Fused<string>[],
): FusedCalls {
  const runs = runsOf(calls);
  const prepare = (tensors: readonly Bound[]): Prepared => {
    const named = new Map(tensors.map(({ name, tensor }) => [name, tensor]));
    const tensorOf = (name: string): DeviceTensor => named.get(name) as DeviceTensor;
    const workspaces: DeviceMemory[] = [];
    const workspace = (bytes: number) => {
      const memory = pool.lend(bytes);
      workspaces.push(memory);
      return memory.address;
    };
    const launches = runs.flatMap((run) => {
      const onDevice = run.map(({ inputs, outputs, ...rest }) => ({
        ...rest,
        inputs: inputs.map((name) => (name === undefined ? undefined : tensorOf(name))),
        outputs: outputs.map(tensorOf),
      }));
      return launchesOf(onDevice, workspace);
    });
    return {
      workspaces,
      launches: launches.map(({ table, ...launch }) => {
        const at = pool.lend(table.byteLength);
        accelerator.upload(at.address, table);
        return { ...launch, at };
      }),
    };
  };
  const release = ({ launches, workspaces }: Prepared): void => {
    for (const memory of [...launches.map(({ at }) => at), ...workspaces]) memory.free();
  };
  const known = lastUsed(keptTables, release);
  return {
    start: (key, tensors) => {
      const { launches } = known.get(key, () => prepare(tensors));
      accelerator.uploaded();
      for (const { at, kernel, rows, blocks, times = 1 } of launches)
        for (let i = 0; i < times; i++)
          accelerator.launch?.(kernel, at.address + BigInt(i * rows * rowBytes), { rows, blocks });
    },
    release: () => known.takeAll().forEach(release),
  };
}

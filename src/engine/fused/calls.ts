/** @file Runs the fused operations of a model on a device: tables are written once for each set of blocks, then launched. */
import type { Accelerator } from '../device/accelerator.js';
import type { DevicePool } from '../device/pool.js';
import type { DeviceMemory, DeviceTensor } from '../device/tensor.js';
import type { Fused } from './fused.js';
import { type Launch, launchesOf, runsOf } from './launches.js';

/** Tables that a model keeps, the ones used last. State that takes turns in two sets of blocks needs two. */
const keptTables = 16;

/** Launches, the tables of which lie on the device. */
interface Prepared {
  readonly launches: readonly (Launch & { readonly at: DeviceMemory })[];
  readonly workspaces: readonly DeviceMemory[];
}

export interface FusedCalls {
  /**
   * Starts the operations.
   * @param key the same for the same blocks
   * @param tensorOf the tensor of a name
   */
  start(key: string, tensorOf: (name: string) => DeviceTensor): void;
  release(): void;
}

/** @param calls the operations, with the names of their tensors, in an order in which each reads what is made before it */
export function fusedCalls(
  { accelerator, pool }: { readonly accelerator: Accelerator; readonly pool: DevicePool },
  calls: readonly Fused<string>[],
): FusedCalls {
  const runs = runsOf(calls);
  const known = new Map<string, Prepared>();
  const prepare = (tensorOf: (name: string) => DeviceTensor): Prepared => {
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
      launches: launches.map((launch) => {
        const at = pool.lend(launch.table.byteLength);
        accelerator.upload(at.address, launch.table);
        return { ...launch, at };
      }),
    };
  };
  const release = ({ launches, workspaces }: Prepared): void => {
    for (const memory of [...launches.map(({ at }) => at), ...workspaces]) memory.free();
  };
  return {
    start: (key, tensorOf) => {
      if (runs.length === 0) return;
      const prepared = known.get(key) ?? prepare(tensorOf);
      known.delete(key);
      known.set(key, prepared);
      const [oldest] = known;
      if (known.size > keptTables && oldest !== undefined) {
        known.delete(oldest[0]);
        release(oldest[1]);
      }
      accelerator.uploaded();
      for (const { at, kernel, rows, blocks } of prepared.launches)
        accelerator.launch?.(kernel, at.address, { rows, blocks });
    },
    release: () => {
      for (const prepared of known.values()) release(prepared);
      known.clear();
    },
  };
}

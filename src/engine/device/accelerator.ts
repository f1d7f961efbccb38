/** @file What a device must do for the engine: lend memory, copy, and run sessions of ONNX Runtime. */

import type { KernelName } from '../fused/launches.js';
import { hostLaunch } from '../fused/on-host.js';
import { type Address, addressOf, type Foreign } from '../ort/foreign.js';
import type { OrtLibrary } from '../ort/library.js';
import type { OrtSessionSettings } from '../ort/session.js';

export interface Accelerator {
  readonly library: OrtLibrary;
  /** What it is, with its driver: what is found out of it once holds as long as this stays. */
  readonly name: string;
  /** What the runtime calls that which runs nodes on it. */
  readonly executionProvider: 'CPUExecutionProvider' | 'CUDAExecutionProvider' | 'WebGpuExecutionProvider';
  /** Its memory, as the runtime describes it. */
  readonly memoryInfo: Address;
  /** Whether programs of fixed shape are recorded once and replayed as a whole. */
  readonly records: boolean;
  /** @param recorded whether the session's runs are recorded and replayed */
  sessionSettings(recorded: boolean): Pick<OrtSessionSettings, 'device' | 'deterministic'>;
  /** @throws Error where its memory is used up */
  allocate(bytes: number): Address;
  free(address: Address): void;
  /** Copies values to the device. They may be changed after the call. */
  upload(to: Address, from: ArrayBufferView): void;
  /** Ends when all uploads are there. */
  uploaded(): void;
  /** Copies values from the device, when all that was started is done. */
  download(to: ArrayBufferView, from: Address): void;
  /**
   * Starts a kernel of our own (`fused/`) on a table of the device, when all that was launched before is done. Absent where the
   * device has none.
   * @param size rows of the table, and blocks of threads that share each row's work
   */
  launch?(kernel: KernelName, table: Address, size: { readonly rows: number; readonly blocks: number }): void;
  /** Why it has none, where it should. */
  readonly withoutKernels?: string;
  /** Ends when all that was started is done. */
  synchronize(): Promise<void>;
  /** Bytes of its memory that are in use, whoever uses them. */
  used(): number;
}

/**
 * The host in the place of a device: memory of its own, copies, sessions on the processor. It shows, without a device,
 * that what a device does is right.
 */
export function hostAccelerator(library: OrtLibrary): Accelerator {
  const blocks = new Map<Address, Uint8Array>();
  const { foreign } = library;
  return {
    library,
    name: 'the host',
    executionProvider: 'CPUExecutionProvider',
    memoryInfo: library.hostMemory,
    records: false,
    sessionSettings: () => ({}),
    allocate: (bytes) => {
      const block = new Uint8Array(Math.max(128, bytes));
      const address = addressOf(foreign, block);
      blocks.set(address, block);
      return address;
    },
    free: (address) => {
      blocks.delete(address);
    },
    upload: (to, from) => viewAt(foreign, to, from.byteLength).set(viewOf(from)),
    uploaded: () => {},
    download: (to, from) => viewOf(to).set(viewAt(foreign, from, to.byteLength)),
    launch: (kernel, table, size) => hostLaunch(foreign, kernel, table, size),
    synchronize: () => Promise.resolve(),
    used: () => [...blocks.values()].reduce((sum, { byteLength }) => sum + byteLength, 0),
  };
}

const viewOf = (values: ArrayBufferView): Uint8Array =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

const viewAt = (foreign: Foreign, address: Address, bytes: number): Uint8Array =>
  bytes === 0 ? new Uint8Array(0) : new Uint8Array(foreign.view(address, bytes));

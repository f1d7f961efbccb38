/** @file A GPU by WebGPU (Vulkan, Metal, Direct3D 12): its memory, copies, and how ONNX Runtime runs on it. */
import { messageOf, UserError } from '../../base/errors.js';
import { requireOnnxRuntime } from '../../base/native-library.js';
import { installedDriver } from '../cuda/driver.js';
import { lowerToOnnx } from '../lower.js';
import * as tf from '../ops.js';
import { type Address, addressOf, expectForeign } from '../ort/foreign.js';
import { defaultMemory, deviceAllocator, npmOrt, type OrtLibrary } from '../ort/library.js';
import { createOrtSession, releaseValues } from '../ort/session.js';
import { type Memory, valueOver } from '../ort/values.js';
import type { Accelerator } from './accelerator.js';

/** The runtime's name of the memory. */
const buffers = 'WebGPU_Buf';

/** Its kernels write whole vectors of four values. */
const smallestBlock = 16;

const device = { name: 'webgpu', options: {} } as const;

let opened: Promise<Accelerator> | undefined;

/**
 * The GPU that WebGPU chooses; one for the process, whoever asks.
 * @throws UserError where there is none
 */
export function webgpuDevice(): Promise<Accelerator> {
  opened ??= openDevice();
  return opened;
}

async function openDevice(): Promise<Accelerator> {
  const library = npmOrt();
  if (library === undefined) {
    expectForeign('the provider webgpu needs');
    // koffi is there: then it is ONNX Runtime that npm left out, and this says so.
    requireOnnxRuntime();
    throw new Error('onnxruntime-node has no library for this platform');
  }
  const { memory, allocator } = await openMemory(library).catch((cause: unknown) => {
    throw new UserError(`the provider webgpu cannot be used on this machine (${messageOf(cause)})`, {
      exitCode: 1,
      hint: 'It needs a GPU with a Vulkan, Metal or Direct3D 12 driver; or use --provider cpu',
      cause,
    });
  });
  const { api, foreign } = library;
  const sizes = new Map<Address, number>();
  /** By the runtime, which ends when the values are there; what was started before is done then. */
  const copy = (from: Memory, to: Memory): void => {
    if (from.bytes === 0) return;
    const [source, target] = [from, to].map((each) =>
      BigUint64Array.of(valueOver(library, 'bool', [from.bytes], each)),
    ) as [BigUint64Array, BigUint64Array];
    try {
      api.call('CopyTensors', library.environment, source, target, null, 1);
    } finally {
      releaseValues(library, source);
      releaseValues(library, target);
    }
  };
  const onDevice = (address: Address, bytes: number): Memory => ({ info: memory, address, bytes });
  const onHost = (values: ArrayBufferView): Memory => ({
    info: library.hostMemory,
    address: addressOf(foreign, values),
    bytes: values.byteLength,
  });
  return {
    library,
    name: ['WebGPU', process.platform, process.arch, installedDriver()?.version].filter(Boolean).join(' '),
    executionProvider: 'WebGpuExecutionProvider',
    memoryInfo: memory,
    records: false,
    sessionSettings: () => ({ device }),
    allocate: (bytes) => {
      const size = Math.max(smallestBlock, bytes);
      const address = api.make('AllocatorAlloc', allocator, size);
      sizes.set(address, size);
      return address;
    },
    free: (address) => {
      api.call('AllocatorFree', allocator, address);
      sizes.delete(address);
    },
    upload: (to, from) => copy(onHost(from), onDevice(to, from.byteLength)),
    uploaded: () => {},
    download: (to, from) => copy(onDevice(from, to.byteLength), onHost(to)),
    // A copy back waits for all that was started; nothing else looks at the results.
    synchronize: () => Promise.resolve(),
    used: () => [...sizes.values()].reduce((sum, size) => sum + size, 0),
  };
}

interface OpenedMemory {
  readonly memory: Address;
  readonly allocator: Address;
}

/** The runtime opens the device with the first session, and the allocator is that of a session: it stays open. */
async function openMemory(library: OrtLibrary): Promise<OpenedMemory> {
  const one = { x: { dtype: 'float32', shape: [1] } } as const;
  const double = ({ x }: { readonly x: tf.Tensor }) => ({ y: tf.add(x, x) });
  const model = lowerToOnnx(double, one, { name: 'opening a device' });
  const session = await createOrtSession(library, model, { threads: 1, device });
  const memory = library.api.make('CreateMemoryInfo', buffers, deviceAllocator, 0, defaultMemory);
  return { memory, allocator: library.api.make('CreateAllocator', session.address, memory) };
}

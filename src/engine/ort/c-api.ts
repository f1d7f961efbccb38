/**
 * @file The functions of ONNX Runtime's C API that we call (`onnxruntime_c_api.h`).
 *
 * The API is a table of pointers that only ever grows at its end: a function's place holds for every later version.
 */

import type { Address, Foreign, Pointer } from './foreign.js';

/** The version of the table that we ask for: the lowest with all functions below. */
const apiVersion = 24;

type Signature = readonly [place: number, result: string, ...parameters: string[]];

/** Functions that answer with a status, null for success. */
const checked = {
  CreateEnv: [3, 'void *', 'int', 'const char *', '_Out_ void **'],
  CreateSession: [7, 'void *', 'void *', 'const char *', 'void *', '_Out_ void **'],
  CreateSessionFromArray: [8, 'void *', 'void *', 'void *', 'size_t', 'void *', '_Out_ void **'],
  Run: [9, 'void *', 'void *', 'void *', 'void *', 'void *', 'size_t', 'void *', 'size_t', 'void *'],
  CreateSessionOptions: [10, 'void *', '_Out_ void **'],
  DisableMemPattern: [17, 'void *', 'void *'],
  EnableCpuMemArena: [18, 'void *', 'void *'],
  DisableCpuMemArena: [19, 'void *', 'void *'],
  SetSessionLogSeverityLevel: [22, 'void *', 'void *', 'int'],
  SetSessionGraphOptimizationLevel: [23, 'void *', 'void *', 'int'],
  SetIntraOpNumThreads: [24, 'void *', 'void *', 'int'],
  SessionGetInputCount: [30, 'void *', 'void *', '_Out_ size_t *'],
  SessionGetOutputCount: [31, 'void *', 'void *', '_Out_ size_t *'],
  SessionGetInputTypeInfo: [33, 'void *', 'void *', 'size_t', '_Out_ void **'],
  SessionGetOutputTypeInfo: [34, 'void *', 'void *', 'size_t', '_Out_ void **'],
  SessionGetInputName: [36, 'void *', 'void *', 'size_t', 'void *', '_Out_ void **'],
  SessionGetOutputName: [37, 'void *', 'void *', 'size_t', 'void *', '_Out_ void **'],
  CreateRunOptions: [39, 'void *', '_Out_ void **'],
  CreateTensorWithDataAsOrtValue: [
    49,
    'void *',
    'void *',
    'void *',
    'size_t',
    'void *',
    'size_t',
    'int',
    '_Out_ void **',
  ],
  GetTensorMutableData: [51, 'void *', 'void *', '_Out_ void **'],
  CastTypeInfoToTensorInfo: [55, 'void *', 'void *', '_Out_ void **'],
  GetTensorElementType: [60, 'void *', 'void *', '_Out_ int *'],
  GetDimensionsCount: [61, 'void *', 'void *', '_Out_ size_t *'],
  GetDimensions: [62, 'void *', 'void *', 'void *', 'size_t'],
  GetSymbolicDimensions: [63, 'void *', 'void *', 'void *', 'size_t'],
  GetTensorTypeAndShape: [65, 'void *', 'void *', '_Out_ void **'],
  CreateMemoryInfo: [68, 'void *', 'const char *', 'int', 'int', 'int', '_Out_ void **'],
  AllocatorAlloc: [75, 'void *', 'void *', 'size_t', '_Out_ void **'],
  AllocatorFree: [76, 'void *', 'void *', 'void *'],
  GetAllocatorWithDefaultOptions: [78, 'void *', '_Out_ void **'],
  AddSessionConfigEntry: [130, 'void *', 'void *', 'const char *', 'const char *'],
  CreateAllocator: [131, 'void *', 'void *', 'void *', '_Out_ void **'],
  RunWithBinding: [133, 'void *', 'void *', 'void *', 'void *'],
  CreateIoBinding: [134, 'void *', 'void *', '_Out_ void **'],
  BindInput: [136, 'void *', 'void *', 'const char *', 'void *'],
  BindOutput: [137, 'void *', 'void *', 'const char *', 'void *'],
  BindOutputToDevice: [138, 'void *', 'void *', 'const char *', 'void *'],
  GetBoundOutputValues: [140, 'void *', 'void *', 'void *', '_Out_ void **', '_Out_ size_t *'],
  CreateAndRegisterAllocator: [144, 'void *', 'void *', 'void *', 'void *'],
  AddRunConfigEntry: [165, 'void *', 'void *', 'const char *', 'const char *'],
  AppendCudaProvider: [204, 'void *', 'void *', 'void *'],
  CreateCUDAProviderOptions: [205, 'void *', '_Out_ void **'],
  UpdateCUDAProviderOptions: [206, 'void *', 'void *', 'const char **', 'const char **', 'size_t'],
  AppendProvider: [216, 'void *', 'void *', 'const char *', 'const char **', 'const char **', 'size_t'],
  SetDeterministicCompute: [273, 'void *', 'void *', 'bool'],
  CopyTensors: [386, 'void *', 'void *', 'void *', 'void *', 'void *', 'size_t'],
  GetEpGraphAssignmentInfo: [407, 'void *', 'void *', '_Out_ void **', '_Out_ size_t *'],
  AssignedGraphEpName: [408, 'void *', 'void *', '_Out_ void **'],
  AssignedGraphNodes: [409, 'void *', 'void *', '_Out_ void **', '_Out_ size_t *'],
  AssignedNodeName: [410, 'void *', 'void *', '_Out_ void **'],
  AssignedNodeOperator: [412, 'void *', 'void *', '_Out_ void **'],
} as const satisfies Readonly<Record<string, Signature>>;

/** Functions that cannot fail. */
const plain = {
  GetErrorMessage: [2, 'const char *', 'void *'],
  ReleaseStatus: [93, 'void', 'void *'],
  ReleaseMemoryInfo: [94, 'void', 'void *'],
  ReleaseSession: [95, 'void', 'void *'],
  ReleaseValue: [96, 'void', 'void *'],
  ReleaseRunOptions: [97, 'void', 'void *'],
  ReleaseTypeInfo: [98, 'void', 'void *'],
  ReleaseTensorTypeAndShapeInfo: [99, 'void', 'void *'],
  ReleaseSessionOptions: [100, 'void', 'void *'],
  ReleaseIoBinding: [135, 'void', 'void *'],
  ReleaseCUDAProviderOptions: [208, 'void', 'void *'],
} as const satisfies Readonly<Record<string, Signature>>;

export type Checked = keyof typeof checked;
export type Plain = keyof typeof plain;

/** What the functions are given: numbers, texts, addresses, and arrays that they write to or read from. */
export type Argument =
  | number
  | boolean
  | string
  | Pointer
  | ArrayBufferView
  | readonly string[]
  | (number | Pointer)[];

export interface CApi {
  /** @throws Error with the runtime's message */
  call(name: Checked, ...given: readonly Argument[]): void;
  /** The same on another thread. */
  callAsync(name: Checked, ...given: readonly Argument[]): Promise<void>;
  /** A call whose last parameter is the address of what it makes. */
  make(name: Checked, ...given: readonly Argument[]): Address;
  /** The same on another thread. */
  makeAsync(name: Checked, ...given: readonly Argument[]): Promise<Address>;
  release(name: Plain, what: Address): void;
}

interface Callable {
  (...given: readonly Argument[]): unknown;
  async(...given: readonly (Argument | ((error: unknown, result: unknown) => void))[]): void;
}

/**
 * The API of an ONNX Runtime library.
 * @param getApiBase the library's `OrtGetApiBase`, called
 * @throws Error for a library that is older than what we call
 */
export function cApi(library: Foreign, getApiBase: Address): CApi {
  const [getApi, getVersion] = [0, 8].map(
    (offset) => library.decode(getApiBase, offset, 'void *') as Address,
  );
  const table = library.call(getApi, library.proto('void *', ['uint32_t']), apiVersion) as Pointer;
  if (table === null) {
    const version: unknown = library.call(getVersion, library.proto('const char *', []));
    throw new Error(`ONNX Runtime ${version} is too old`);
  }
  const functions = new Map<string, Callable>();
  const find = (name: Checked | Plain): Callable => {
    const known = functions.get(name);
    if (known !== undefined) return known;
    const [place, result, ...parameters] = { ...checked, ...plain }[name] as Signature;
    const address: unknown = library.decode(table, place * library.sizeof('void *'), 'void *');
    const found = library.decode(address, library.proto(result, parameters)) as unknown as Callable;
    functions.set(name, found);
    return found;
  };
  const check = (status: unknown): void => {
    if (status === null) return;
    const message = String(find('GetErrorMessage')(status as Address));
    find('ReleaseStatus')(status as Address);
    throw new Error(readable(message));
  };
  const call: CApi['call'] = (name, ...given) => check(find(name)(...given));
  const callAsync: CApi['callAsync'] = async (name, ...given) => {
    const status = await new Promise((resolve, reject) => {
      find(name).async(...given, (error, result) => (error === null ? resolve(result) : reject(error)));
    });
    check(status);
  };
  return {
    call,
    callAsync,
    make: (name, ...given) => {
      const made: Pointer[] = [null];
      call(name, ...given, made);
      return made[0] as Address;
    },
    makeAsync: async (name, ...given) => {
      const made: Pointer[] = [null];
      await callAsync(name, ...given, made);
      return made[0] as Address;
    },
    release: (name, what) => {
      find(name)(what);
    },
  };
}

/** A message with the operator that failed, if one did, and without places in the runtime's source. */
export function readable(message: string): string {
  const said = message
    .replace(/\s+/g, ' ')
    .replace(/^\S+\.(cc|h):\d+ .* was false\. /, '')
    .trim();
  const failed =
    /Non-zero status code returned while running (\w+) node\. Name:'([^']*)' Status Message: (.*)/s.exec(
      said,
    );
  return failed === null ? said : `${failed[1]} '${failed[2]}': ${failed[3]}`;
}

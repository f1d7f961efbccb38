/** @file Reads the pickles of torch checkpoints without running anything: only known constructors are taken. */
import pickleparser from 'pickleparser';
import { messageOf, UserError } from '../../base/errors.js';
import { harmless } from './harmless.js';
import {
  type StorageReference,
  type StorageType,
  storageTypes,
  type TorchTensor,
  torchTensor,
} from './tensor.js';

export type PickleReader = InstanceType<typeof pickleparser.BufferReader>;

export interface Unpickled {
  /** Dictionaries are Maps, lists, tuples and sets arrays, namespaces objects, tensors `TorchTensor`. */
  readonly value: unknown;
  /** Every storage that was named, by its key. */
  readonly storages: ReadonlyMap<string, StorageReference>;
}

type Constructor = (...values: unknown[]) => unknown;

/** Python's LONG1: its length in a byte, then the integer. */
const long1 = 138;
const largestInteger = Uint8Array.from([255, 255, 255, 255, 255, 255, 31, 0]);

/**
 * A reader to which integers of any size are no end: generators of random numbers have some of 128 bits. Nothing here needs
 * one beyond 2^53, the largest that is told from its neighbours; larger ones are that.
 */
export function pickleReader(bytes: Uint8Array): PickleReader {
  const reader = new pickleparser.BufferReader(bytes);
  const plain = reader.bytes.bind(reader);
  reader.bytes = (length) => {
    const { position } = reader;
    const part = plain(length);
    const isLong = bytes[position - 2] === long1 && bytes[position - 1] === length;
    return isLong && part.subarray(6).some((byte, i) => byte > (i === 0 ? 31 : 0)) ? largestInteger : part;
  };
  return reader;
}

/**
 * The next pickle of a reader.
 * @throws UserError for a pickle that is damaged, or that names a constructor that checkpoints of weights do not use
 */
export function unpickle(reader: PickleReader, file: string): Unpickled {
  const storages = new Map<string, StorageReference>();
  const types = new Map<unknown, StorageType>();
  const isNamed = (value: unknown): value is StorageReference =>
    storages.get((value as StorageReference | null)?.key ?? '') === value && value !== undefined;
  const rebuildTensor = (
    storage: unknown,
    offset: unknown,
    shape: unknown,
    strides: unknown,
  ): TorchTensor => {
    if (!isNamed(storage) || !Array.isArray(shape) || !Array.isArray(strides))
      throw new Error('a tensor without storage, shape or strides');
    return torchTensor(storage, Number(offset), shape, strides);
  };
  // Made anew for every pickle: a pickle may set properties of what it is given.
  const known = new Map<string, Constructor>([
    ['collections.OrderedDict', (pairs = []) => new Map(pairs as [unknown, unknown][])],
    ['torch.Size', (sizes) => sizes],
    ['torch._utils._rebuild_parameter', (tensor) => tensor],
    // With attributes that someone gave it.
    ['torch._utils._rebuild_parameter_with_state', (tensor) => tensor],
    ['torch._utils._rebuild_tensor_v2', rebuildTensor],
    [
      'torch._tensor._rebuild_from_type_v2',
      (rebuild, _type, values) =>
        rebuild === rebuildTensor && Array.isArray(values)
          ? rebuildTensor(...(values as Parameters<typeof rebuildTensor>))
          : undefined,
    ],
    // Made by `new`, so no arrow function.
    [
      'argparse.Namespace',
      function namespace() {
        return {};
      },
    ],
  ]);
  for (const type of Object.keys(storageTypes) as StorageType[]) {
    const storageType = (): never => {
      throw new Error(`it creates a ${type} directly`);
    };
    known.set(`torch.${type}`, storageType);
    known.set(`torch.storage.${type}`, storageType);
    types.set(storageType, type);
  }
  const parser = new pickleparser.Parser({
    unpicklingTypeOfDictionary: 'Map',
    nameResolver: {
      resolve: (module, name) =>
        known.get(`${module}.${name}`) ?? harmless(module, name) ?? refuse(module, name, file),
    },
    persistentResolver: {
      resolve: (id: unknown) => {
        const named = namedStorage(id, types);
        const storage = storages.get(named.key) ?? named;
        if (storage.type !== named.type || storage.length !== named.length)
          throw new Error(`duplicate storage key ${named.key}`);
        storages.set(storage.key, storage);
        return storage;
      },
    },
  });
  try {
    return { value: parser.read<unknown>(reader), storages };
  } catch (cause) {
    if (cause instanceof UserError) throw cause;
    throw new UserError(`its pickle cannot be read (${messageOf(cause)})`, {
      file,
      hint: 'The file is damaged or not a torch checkpoint: copy it again',
      cause,
    });
  }
}

function refuse(module: string, name: string, file: string): never {
  throw new UserError(`its pickle refers to ${module}.${name}, which is not allowed in checkpoints`, {
    file,
    hint: 'No code from it was run. Save only weights and plain settings, or do not trust the file',
  });
}

/** torch's persistent ids: ('storage', type, key, device, elements), in old files also a view. */
function namedStorage(id: unknown, types: ReadonlyMap<unknown, StorageType>): StorageReference {
  const [kind, storageType, key, , length, view] = Array.isArray(id) ? (id as unknown[]) : [];
  const type = types.get(storageType);
  if (kind !== 'storage' || type === undefined || typeof key !== 'string' || !isCount(length))
    throw new Error('a reference that is not a storage');
  if (view !== undefined && view !== null) throw new Error('a storage that is a view of another');
  return { key, type, length };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

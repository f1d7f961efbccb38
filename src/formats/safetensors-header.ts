/** @file The header of a safetensors file: written, read, and checked against the bytes that follow it. */
import { z } from 'zod';
import { messageOf, UserError } from '../base/errors.js';
import { type HostTensor, sizeOf } from '../base/host-tensor.js';

/** The reference implementation's own limit: a longer header is an attack or not a header. */
const maximumHeaderBytes = 100_000_000;
const hintDamaged = 'The file is damaged: copy or export it again';

/** Bytes an element of every type we read. */
const elementBytes = { F64: 8, F32: 4, F16: 2, BF16: 2, I32: 4, I64: 8, U8: 1, BOOL: 1 } as const;
type StoredType = keyof typeof elementBytes;
const storedTypes = { float32: 'F32', int32: 'I32', bool: 'BOOL', float16: 'F16' } as const;

const naturalSchema = z.int().nonnegative();
const entrySchema = z.object({
  dtype: z.string(),
  shape: z.array(naturalSchema),
  data_offsets: z.tuple([naturalSchema, naturalSchema]),
});
const metadataSchema = z.record(z.string(), z.string());

export interface Entry {
  readonly name: string;
  readonly dtype: StoredType;
  readonly shape: readonly number[];
  /** Offsets into the file's data part, which follows the header. */
  readonly begin: number;
  readonly end: number;
}

/** Length of the header in bytes, from a file's first eight. */
export function headerBytes(prefix: Uint8Array, file: string): number {
  const length = Number(new DataView(prefix.buffer, prefix.byteOffset).getBigUint64(0, true));
  if (length > maximumHeaderBytes) throw notSafetensors(file, `invalid header length: ${length} bytes`);
  return length;
}

/**
 * Where every tensor lies, in the order of the file.
 * @param dataBytes length of the part after the header, which the tensors must cover without overlap or gap
 */
export function parseHeader(bytes: Uint8Array, dataBytes: number, file: string) {
  const entries: Entry[] = [];
  let metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(parseObject(bytes, file))) {
    if (name === '__metadata__') {
      const parsed = metadataSchema.safeParse(value);
      if (!parsed.success) throw damaged(file, 'has metadata that are not strings');
      metadata = parsed.data;
    } else {
      entries.push(parseEntry(name, value, file));
    }
  }
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  checkLayout(entries, dataBytes, file);
  return { entries, metadata };
}

/** The first bytes of a file that holds these tensors in this order: length, header, spaces up to a multiple of 8. */
export function encodeHeader(
  tensors: readonly [string, HostTensor][],
  metadata: Readonly<Record<string, string>>,
) {
  const entries: [string, unknown][] = Object.keys(metadata).length > 0 ? [['__metadata__', metadata]] : [];
  let begin = 0;
  for (const [name, { dtype, shape, data }] of tensors) {
    if (name === '__metadata__') throw new Error('a tensor cannot be named __metadata__');
    if (data.length !== sizeOf(shape)) throw new Error(`${name}: ${data.length} values for [${shape}]`);
    const end = begin + data.byteLength;
    entries.push([name, { dtype: storedTypes[dtype], shape, data_offsets: [begin, end] }]);
    begin = end;
  }
  const json = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  const length = Math.ceil(json.length / 8) * 8;
  const header = Buffer.alloc(8 + length, ' ');
  header.writeBigUInt64LE(BigInt(length));
  json.copy(header, 8);
  return header;
}

function parseObject(bytes: Uint8Array, file: string): object {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw notSafetensors(file, `its header is not JSON (${messageOf(cause)})`);
  }
  if (typeof header === 'object' && header !== null && !Array.isArray(header)) return header;
  throw notSafetensors(file, 'its header is not a JSON object');
}

function parseEntry(name: string, value: unknown, file: string): Entry {
  const parsed = entrySchema.safeParse(value);
  if (!parsed.success) throw damaged(file, `tensor ${name}: invalid dtype, shape or data_offsets`);
  const { dtype, shape, data_offsets } = parsed.data;
  if (!isStoredType(dtype)) {
    const hint = `Convert it to one of ${Object.keys(elementBytes).join(', ')}`;
    throw new UserError(`tensor ${name}: unsupported type ${dtype}`, { file, hint });
  }
  const [begin, end] = data_offsets;
  const wanted = sizeOf(shape) * elementBytes[dtype];
  if (end - begin !== wanted) {
    throw damaged(
      file,
      `tensor ${name}: has ${end - begin} bytes, expected ${wanted} for ${dtype} [${shape.join(', ')}]`,
    );
  }
  return { name, dtype, shape, begin, end };
}

/** The format allows neither overlaps nor gaps, so the tensors must cover the data exactly. */
function checkLayout(entries: readonly Entry[], dataBytes: number, file: string): void {
  let covered = 0;
  for (const { name, begin, end } of entries) {
    if (end > dataBytes)
      throw damaged(file, `is truncated: tensor ${name} ends at byte ${end} of ${dataBytes}`);
    if (begin < covered) throw damaged(file, `tensor ${name} overlaps the tensor before it`);
    if (begin > covered) throw damaged(file, `has ${begin - covered} unused bytes before tensor ${name}`);
    covered = end;
  }
  if (covered !== dataBytes) throw damaged(file, `has ${dataBytes - covered} unused bytes at its end`);
}

function isStoredType(dtype: string): dtype is StoredType {
  return Object.hasOwn(elementBytes, dtype);
}

export function damaged(file: string, what: string): UserError {
  return new UserError(what, { file, hint: hintDamaged });
}

export function notSafetensors(file: string, why: string): UserError {
  return new UserError(`is not a safetensors file: ${why}`, {
    file,
    hint: 'Pass the path of a .safetensors file',
  });
}

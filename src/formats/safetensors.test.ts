/** @file Tests of the safetensors reader and writer: round trips, the reference file, every fault. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UserError } from '../base/errors.js';
import { float32, type HostTensor, int32, sizeOf } from '../base/host-tensor.js';
import { readSafetensors, writeSafetensors } from './safetensors.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'safetensors-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** A file made by hand: any header over any bytes. */
async function fileOf(header: unknown, data: Uint8Array = new Uint8Array(0)): Promise<string> {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  const file = join(folder, 'hand.safetensors');
  await writeFile(file, Buffer.concat([length, json, data]));
  return file;
}
const entry = (dtype: string, shape: number[], begin: number, end: number) => ({
  dtype,
  shape,
  data_offsets: [begin, end],
});
async function readHand(dtype: string, shape: number[], data: Uint8Array): Promise<HostTensor | undefined> {
  return (await readSafetensors(await fileOf({ x: entry(dtype, shape, 0, data.length) }, data))).tensors.x;
}
const bytes = (values: ArrayBufferView) => new Uint8Array(values.buffer);

const shape = fc.array(fc.nat(4), { maxLength: 4 });
const tensor: fc.Arbitrary<HostTensor> = shape.chain((dims) => {
  const size = { minLength: sizeOf(dims), maxLength: sizeOf(dims) };
  return fc.oneof(
    fc.float32Array(size).map((data): HostTensor => ({ dtype: 'float32', shape: dims, data })),
    fc.int32Array(size).map((data): HostTensor => ({ dtype: 'int32', shape: dims, data })),
    fc.uint8Array({ ...size, max: 1 }).map((data): HostTensor => ({ dtype: 'bool', shape: dims, data })),
  );
});
const name = fc.string({ minLength: 1, unit: 'grapheme' });

describe('a safetensors file', () => {
  it('gives back every tensor and the metadata that were written', async () => {
    const file = join(folder, 'round.safetensors');
    const cases = fc.uniqueArray(fc.tuple(name, tensor), { selector: ([key]) => key, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(cases, fc.uniqueArray(name, { maxLength: 3 }), async (entries, words) => {
        const tensors = Object.fromEntries(entries);
        const metadata = Object.fromEntries(words.map((word) => [`k${word}`, word]));
        await writeSafetensors(file, tensors, metadata);
        expect(await readSafetensors(file)).toEqual({ tensors, metadata });
      }),
      { numRuns: 60 },
    );
  });

  it('is written sorted, aligned to 8 bytes, with bool last', async () => {
    const file = join(folder, 'sorted.safetensors');
    const mask: HostTensor = { dtype: 'bool', shape: [3], data: Uint8Array.of(1, 0, 1) };
    await writeSafetensors(file, { b: float32([2], [1, 2]), mask, a: int32([], [7]) }, { made: 'here' });
    const content = await readFile(file);
    const length = Number(content.readBigUInt64LE());
    expect(length % 8).toBe(0);
    expect(content.length).toBe(8 + length + 4 + 8 + 3);
    expect(
      content
        .subarray(8, 8 + length)
        .toString()
        .trimEnd(),
    ).toBe(
      '{"__metadata__":{"made":"here"},"a":{"dtype":"I32","shape":[],"data_offsets":[0,4]},' +
        '"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]},"mask":{"dtype":"BOOL","shape":[3],"data_offsets":[12,15]}}',
    );
  });

  it('keeps a view on a larger buffer to its own part', async () => {
    const file = join(folder, 'view.safetensors');
    const data = new Float32Array([9, 1, 2, 9]).subarray(1, 3);
    await writeSafetensors(file, { x: { dtype: 'float32', shape: [2], data } });
    expect((await readSafetensors(file)).tensors.x?.data).toEqual(Float32Array.of(1, 2));
  });

  it('written by the reference implementation is read with its shapes', async () => {
    const { tensors } = await readSafetensors('test/fixtures/ehmam-official/reference.safetensors');
    expect(tensors['features.a.conv']?.shape).toEqual([1, 24, 74]);
    expect(Object.values(tensors).every(({ data }) => data.every(Number.isFinite))).toBe(true);
  });

  it('holds half precision: normal, subnormal, signed zero, infinite, NaN', async () => {
    // 1.5, -2, smallest subnormal 2^-24, largest 65504, -0, -inf, NaN
    const halves = Uint16Array.of(0x3e00, 0xc000, 0x0001, 0x7bff, 0x8000, 0xfc00, 0x7e01);
    const read = await readHand('F16', [7], bytes(halves));
    expect([...(read?.data ?? [])]).toEqual([
      1.5,
      -2,
      2 ** -24,
      65504,
      -0,
      Number.NEGATIVE_INFINITY,
      Number.NaN,
    ]);
  });

  it('holds bfloat16, float64, int64 and uint8, widened or narrowed without loss', async () => {
    const brain = await readHand('BF16', [3], bytes(Uint16Array.of(0x3fc0, 0xc000, 0xff80)));
    expect([...(brain?.data ?? [])]).toEqual([1.5, -2, Number.NEGATIVE_INFINITY]);
    const long = await readHand('I64', [2], bytes(BigInt64Array.of(-(2n ** 31n), 2n ** 31n - 1n)));
    expect(long).toEqual(int32([2], [-2147483648, 2147483647]));
    const double = await readHand('F64', [2], bytes(Float64Array.of(0.1, -3e-50)));
    expect([...(double?.data ?? [])]).toEqual([Math.fround(0.1), -0]);
    expect(await readHand('U8', [2], Uint8Array.of(0, 255))).toEqual(int32([2], [0, 255]));
  });
});

describe('a faulty safetensors file', () => {
  const four = new Uint8Array(4);
  const f32 = entry('F32', [1], 0, 4);
  const faults: readonly [string, () => Promise<string>, RegExp][] = [
    ['that is empty', async () => fileWith(new Uint8Array(0)), /not a safetensors file: it has only 0 bytes/],
    ['that is text', async () => fileWith(Buffer.from('this is a text')), /invalid header length: \d+ bytes/],
    ['cut inside its header', () => cut(20), /is truncated: its header ends at byte \d+ of 20/],
    ['cut inside a tensor', () => cut(-3), /is truncated: tensor x ends at byte 8 of 5/],
    ['whose header is no JSON', () => fileOf('{"x":'), /its header is not JSON/],
    ['whose header is a list', () => fileOf('[]'), /not a JSON object/],
    [
      'with metadata that is no text',
      () => fileOf({ __metadata__: { n: 1 } }),
      /metadata that are not strings/,
    ],
    ['with an entry without a shape', () => fileOf({ x: { dtype: 'F32' } }), /invalid dtype, shape/],
    ['with a negative dimension', () => fileOf({ x: entry('F32', [-1], 0, 4) }, four), /invalid dtype/],
    ['of an unknown type', () => fileOf({ x: entry('F8_E4M3', [4], 0, 4) }, four), /type F8_E4M3.*Convert/],
    [
      'of a type named like a method',
      () => fileOf({ x: entry('toString', [4], 0, 4) }, four),
      /unsupported type toString/,
    ],
    [
      'whose offsets contradict a shape',
      () => fileOf({ x: entry('F32', [2], 0, 4) }, four),
      /has 4 bytes, expected 8 for F32 \[2\]/,
    ],
    [
      'whose tensors overlap',
      () => fileOf({ x: f32, y: f32 }, four),
      /tensor y overlaps the tensor before it/,
    ],
    ['with a gap', () => fileOf({ x: entry('U8', [2], 2, 4) }, four), /2 unused bytes before tensor x/],
    [
      'with bytes that no tensor owns',
      () => fileOf({ x: f32 }, new Uint8Array(7)),
      /3 unused bytes at its end/,
    ],
    [
      'with an int64 beyond int32',
      () => fileOf({ x: entry('I64', [1], 0, 8) }, bytes(BigInt64Array.of(2n ** 31n))),
      /int64 tensor x contains 2147483648/,
    ],
    [
      'with a bool of 2',
      () => fileOf({ x: entry('BOOL', [1], 0, 1) }, Uint8Array.of(2)),
      /bytes other than 0 and 1/,
    ],
    ['that is not there', async () => join(folder, 'none.safetensors'), /cannot be opened.*ENOENT/],
  ];

  it.each(faults)('%s is refused, naming file and fault', async (_, make, message) => {
    const file = await make();
    const error: unknown = await readSafetensors(file).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UserError);
    expect(error).toMatchObject({ exitCode: 2, message: expect.stringMatching(message) });
    expect(String(error)).toContain(file);
  });

  it('is never left behind by a write that fails', async () => {
    const inner = join(folder, 'target.safetensors');
    await writeSafetensors(join(folder, 'other.safetensors'), { x: float32([1]) });
    await expect(
      writeSafetensors(join(folder, 'other.safetensors', 'x'), { x: float32([1]) }),
    ).rejects.toMatchObject({ name: 'UserError', exitCode: 1 });
    await expect(writeSafetensors(inner, { x: { ...float32([1]), shape: [2] } })).rejects.toThrow('1 values');
    await expect(writeSafetensors(folder, { x: float32([1]) })).rejects.toBeInstanceOf(UserError);
    expect(
      (await readdir(folder)).filter((file) => file.endsWith('.tmp') || file === 'target.safetensors'),
    ).toEqual([]);
  });

  async function fileWith(content: Uint8Array): Promise<string> {
    const file = join(folder, 'raw.safetensors');
    await writeFile(file, content);
    return file;
  }
  /** A sound file of two floats with only its first bytes left (all but the last ones if negative). */
  async function cut(length: number): Promise<string> {
    return fileWith(
      (await readFile(await fileOf({ x: entry('F32', [2], 0, 8) }, new Uint8Array(8)))).subarray(0, length),
    );
  }
});

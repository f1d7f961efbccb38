/** @file The one checkpoint format: what is written is read again to the bit, or refused, or found damaged. */
import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { UserError } from '../base/errors.js';
import { float32, type HostTensor, int32, sizeOf } from '../base/host-tensor.js';
import { writeSafetensors } from '../formats/safetensors.js';
import { checkpointFormat, digestOf, readCheckpoint, writeCheckpoint } from './checkpoint-file.js';

let folder: string;
let file: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-checkpoint-file-'));
  file = join(folder, 'state.safetensors');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const origin = { kind: 'toy', digest: digestOf({ data: 'a' }) };
const anything = z.looseObject({});
const read = () => readCheckpoint(file, origin, anything);
/** What went wrong with a file, found damaged or refused. */
const complaint = async (): Promise<string> => {
  const reading = await read().catch((error: unknown) => ({ damage: error }));
  if (!('damage' in reading)) throw new Error('the file was read');
  expect(reading.damage).toBeInstanceOf(UserError);
  return (reading.damage as UserError).message;
};

const anyTensor: fc.Arbitrary<HostTensor> = fc
  .array(fc.integer({ min: 0, max: 3 }), { maxLength: 3 })
  .chain((shape) => {
    const of = <T>(value: fc.Arbitrary<T>) =>
      fc.array(value, { minLength: sizeOf(shape), maxLength: sizeOf(shape) });
    return fc.oneof(
      of(fc.float()).map((values) => float32(shape, values)),
      of(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })).map((values) => int32(shape, values)),
      of(fc.integer({ min: 0, max: 1 })).map(
        (values): HostTensor => ({ dtype: 'bool', shape, data: Uint8Array.from(values) }),
      ),
    );
  });
const anyName = fc
  .oneof(fc.string(), fc.constantFrom('$tensor', '$number', '$$', 'a/b', 'a~1b', '~', 'b', '0', ''))
  .filter((name) => name !== '__proto__' && name !== '__metadata__');
const { tree: anyTree } = fc.letrec((tie) => ({
  leaf: fc.oneof(fc.double(), fc.string(), fc.boolean(), fc.constant(null), fc.constant(-0), anyTensor),
  node: fc.oneof(
    { depthSize: 'small' },
    tie('leaf'),
    fc.array(tie('node'), { maxLength: 3 }),
    fc.dictionary(anyName, tie('node'), { maxKeys: 3, noNullPrototype: true }),
  ),
  tree: fc.dictionary(anyName, tie('node'), { maxKeys: 4, noNullPrototype: true }),
}));

describe('a checkpoint', () => {
  it('gives back any tree of values and tensors, to the bit and in its order', async () => {
    await fc.assert(
      fc.asyncProperty(anyTree as fc.Arbitrary<Record<string, unknown>>, async (state) => {
        // A tree that is a tensor by its looks alone is none of ours.
        fc.pre(!('dtype' in state));
        await writeCheckpoint(file, origin, { state });
        const reading = await readCheckpoint(file, origin, z.object({ state: z.unknown() }));
        if ('damage' in reading) throw reading.damage;
        expect(reading.state).toStrictEqual({ state });
        expect(Object.keys(reading.state.state as object)).toEqual(Object.keys(state));
      }),
      { numRuns: 150 },
    );
  });

  it('keeps numbers that JSON does not know, and the order of the parameters', async () => {
    const tree = { z: float32([2], [Number.NaN, -0]), a: float32([1], [Number.POSITIVE_INFINITY]) };
    const state = { tree, losses: [Number.NaN, Number.NEGATIVE_INFINITY, -0, 0, 5e-324], none: undefined };
    await writeCheckpoint(file, origin, state);
    const reading = await read();
    expect(reading).toEqual({ state });
    expect(Object.keys((reading as { state: typeof state }).state.tree)).toEqual(['z', 'a']);
  });

  it('of the same state is the same file', async () => {
    const state = { weights: { a: float32([2], [1, 2]) }, update: 3 };
    await writeCheckpoint(file, origin, state);
    const bytes = await readFile(file);
    await writeCheckpoint(file, origin, state);
    expect(await readFile(file)).toEqual(bytes);
  });
});

describe('a file that was changed', () => {
  const state = { weights: { a: float32([3], [1, 2, 3]), b: int32([], [7]) }, curve: [0.5, Number.NaN] };
  let bytes: Buffer;
  beforeAll(async () => {
    await writeCheckpoint(file, origin, state);
    bytes = await readFile(file);
  });

  it('in any byte is never taken for what was written', async () => {
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes);
      changed[at] = (bytes[at] as number) ^ (1 << (at % 8));
      await writeFile(file, changed);
      expect(await complaint(), `byte ${at}`).toMatch(/^\S+state\.safetensors: \S/);
    }
  });

  it('in a bit of a value, or of the state, is damaged', async () => {
    for (const at of [bytes.length - 3, bytes.indexOf('0.5')]) {
      const changed = Buffer.from(bytes);
      changed[at] = (bytes[at] as number) ^ 1;
      await writeFile(file, changed);
      const reading = await read();
      expect(reading).toMatchObject({ damage: { message: expect.stringContaining('is damaged') } });
    }
  });

  it('by being cut short at any length is damaged', async () => {
    for (let length = 0; length < bytes.length; length += 7) {
      await writeFile(file, bytes);
      await truncate(file, length);
      expect(await read()).toHaveProperty('damage');
    }
  });
});

describe('a whole file is refused', () => {
  const state = { weights: { a: float32([1], [1]) } };

  it('when it is of other work or of another kind', async () => {
    await writeCheckpoint(file, { ...origin, digest: digestOf({ data: 'b' }) }, state);
    await expect(read()).rejects.toThrow(/is a checkpoint of a different training \(other data, /);
    await writeCheckpoint(file, { ...origin, kind: 'pretrain' }, state);
    await expect(read()).rejects.toThrow(/of a different kind of training \(pretrain\)/);
  });

  it('when its state is not one that this version keeps', async () => {
    await writeCheckpoint(file, origin, state);
    const schema = z.object({ courses: z.array(z.unknown()) });
    await expect(readCheckpoint(file, origin, schema)).rejects.toThrow(
      /unknown checkpoint contents \(courses\)/,
    );
  });

  it.each([
    ["a head's", { format: 'ehmam head checkpoint 1', digest: origin.digest, state: '{}', hash: 'x' }],
    ["a pre-training's", { step: '7' }],
  ])('when it is %s of an earlier version', async (_, metadata) => {
    await writeSafetensors(file, { 'student/a': float32([1], [1]) }, metadata);
    const message = /is a checkpoint of an earlier version of ehmam, which cannot be resumed/;
    await expect(read()).rejects.toThrow(message);
    await expect(readCheckpoint(file, origin, anything, 'Use that one')).rejects.toThrow(
      /resumed\. Use that one$/,
    );
  });

  it('when it is of a later version', async () => {
    const later = checkpointFormat.replace('1', '2');
    await writeSafetensors(file, {}, { format: later, kind: 'toy' });
    await expect(read()).rejects.toThrow(/another version of ehmam \(ehmam training checkpoint 2\)/);
  });
});

it('any other safetensors file is damaged, and so is a file that is not there', async () => {
  await writeSafetensors(file, { a: float32([1], [1]) }, { format: 'pt' });
  expect(await complaint()).toMatch(/is damaged/);
  await rm(file);
  expect(await complaint()).toMatch(/cannot be opened/);
});

it('a digest is of what is said, whatever the order of names', () => {
  expect(digestOf({ a: 1, b: { c: 2, d: [3, 4] } })).toBe(digestOf({ b: { d: [3, 4], c: 2 }, a: 1 }));
  expect(digestOf({ a: [1, 2] })).not.toBe(digestOf({ a: [2, 1] }));
  expect(digestOf({ a: 1, gone: undefined })).toBe(digestOf({ a: 1 }));
});

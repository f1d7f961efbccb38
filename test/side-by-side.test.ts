/** @file Runs that go on side by side, as the compiled program makes them: the same as one after the other. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { float32, type HostTensor } from '../src/base/host-tensor.js';
import { compileEntry, type Entry } from '../src/cli/entry.fixture.js';
import type { createEngine } from '../src/engine/create.js';
import type { Engine } from '../src/engine/engine.js';
import * as tf from '../src/engine/ops.js';

let entry: Entry;
let engine: Engine;
beforeAll(async () => {
  entry = await compileEntry();
  const create: { readonly createEngine: typeof createEngine } = await import(
    pathToFileURL(join(entry.folder, 'src', 'engine', 'create.js')).href
  );
  engine = await create.createEngine('onnx', { threads: 2 });
});

type In = { readonly a: tf.Tensor; readonly b: tf.Tensor };

const product = ({ a, b }: In) => ({
  product: tf.matMul(a as tf.Tensor2D, b as tf.Tensor2D),
  twice: tf.add(a, a),
});
const inputs = (seed: number, rows: number): { a: HostTensor; b: HostTensor } => ({
  a: float32(
    [rows, 3],
    Float32Array.from({ length: rows * 3 }, (_, i) => Math.sin(seed + i)),
  ),
  b: float32(
    [3, 2],
    Float32Array.from({ length: 6 }, (_, i) => Math.cos(seed * i)),
  ),
});

describe('a program whose runs go on side by side', () => {
  it('gives what one run after the other gives, for every set of shapes', async () => {
    const together = engine.compile(product, { name: 'product', sideBySide: true });
    const alone = engine.compile(product, { name: 'product' });
    const runs = [4, 4, 7, 4, 7, 1].map((rows, seed) => [seed, rows] as const);
    const results = await Promise.all(runs.map(([seed, rows]) => together.run(inputs(seed, rows))));
    for (const [i, [seed, rows]] of runs.entries())
      expect(results[i]).toEqual(await alone.run(inputs(seed, rows)));
    await Promise.all([together.dispose(), alone.dispose()]);
  });

  it('takes the memory of its inputs over, but not what two of them share', async () => {
    const program = engine.compile(product, { name: 'product', sideBySide: true });
    const own = inputs(1, 3);
    await program.run(own);
    expect(own.a.data.length).toBe(0);
    const values = new Float32Array(15);
    await program.run({ a: float32([3, 3], values.subarray(0, 9)), b: float32([3, 2], values.subarray(9)) });
    expect(values.length).toBe(15);
    await program.dispose();
  });

  it('names itself and the input when it is given something else', async () => {
    const program = engine.compile(product, { name: 'product', sideBySide: true });
    await program.run(inputs(1, 3));
    await expect(program.run({ ...inputs(1, 3), b: undefined } as never)).rejects.toThrow(
      'product cannot run: the input b',
    );
    await program.dispose();
  });
});

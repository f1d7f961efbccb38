/** @file Runs that go on at the same time, as the compiled program makes them: the same as one after the other. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { float32, type HostTensor, int32, scalar } from '../src/base/host-tensor.js';
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

/** A step that moves a state of four megabytes, and the sum of its first row before it. */
type State = { readonly w: tf.Tensor };
const rows = 1024;
const moved = ({ state, by }: { readonly state: State; readonly by: tf.Tensor }) => ({
  state: { w: state.w.mul(0.5).add(by) },
  first: tf.sum(tf.slice(state.w, [0, 0], [1, -1])),
});
const startOf = (chain: number): HostTensor =>
  float32(
    [rows, rows],
    new Float32Array(rows * rows).map((_, i) => Math.sin(chain + i)),
  );

describe('a program whose runs go on at the same time', () => {
  it('gives what one run after the other gives, for every set of shapes', async () => {
    const together = engine.compile(product, { name: 'product', concurrent: true });
    const alone = engine.compile(product, { name: 'product' });
    const runs = [4, 4, 7, 4, 7, 1].map((rows, seed) => [seed, rows] as const);
    const results = await Promise.all(runs.map(([seed, rows]) => together.run(inputs(seed, rows))));
    for (const [i, [seed, rows]] of runs.entries())
      expect(results[i]).toEqual(await alone.run(inputs(seed, rows)));
    await Promise.all([together.dispose(), alone.dispose()]);
  });

  it('leaves its inputs to the caller, held or not, also where two share memory', async () => {
    const program = engine.compile(product, { name: 'product', concurrent: true });
    const own = inputs(1, 3);
    const a = engine.hold<tf.Tensor>(own.a);
    const results = await Promise.all([1, 2, 3, 4].map(() => program.run({ a, b: own.b })));
    expect(new Set(results.map(({ product }) => product.data.join())).size).toBe(1);
    expect(own).toEqual(inputs(1, 3));
    expect(await a.read()).toEqual(own.a);
    const values = Float32Array.from({ length: 15 }, (_, i) => i);
    await program.run({ a: float32([3, 3], values.subarray(0, 9)), b: float32([3, 2], values.subarray(9)) });
    expect(values[14]).toBe(14);
    await program.dispose();
  });

  it('takes the memory of inputs that are made for one run, but not what two of them share or what is held', async () => {
    const program = engine.compile(product, { name: 'product', consumes: ['a'], concurrent: true });
    const own = inputs(1, 3);
    const expected = await program.run(own);
    expect([own.a.data.length, own.b.data.length]).toEqual([0, 6]);
    const { a, b } = inputs(1, 3);
    const held = engine.hold<tf.Tensor>(a);
    expect(await program.run({ a: held, b })).toEqual(expected);
    expect(a.data.length).toBe(9);
    const values = new Float32Array(15);
    await program.run({ a: float32([3, 3], values.subarray(0, 9)), b: float32([3, 2], values.subarray(9)) });
    expect(values.length).toBe(15);
    await program.dispose();
  });

  it('moves kept state to its threads and back: chains side by side are chains one after the other', async () => {
    const program = engine.compile(moved, { name: 'chain', keeps: ['state'], concurrent: true });
    const alone = engine.compile(moved, { name: 'chain alone' });
    const given = [0, 1, 2].map(startOf);
    const chain = async (w: HostTensor, seed: number) => {
      let state = engine.hold<State>({ w });
      const firsts: HostTensor[] = [];
      for (let step = 0; step < 6; step++) {
        const outputs = await program.run({ state, by: scalar(seed + step) });
        await expect(state.read()).rejects.toThrow('was consumed by a run of chain');
        firsts.push(outputs.first);
        state = outputs.state;
      }
      return { firsts, w: (await state.read()).w };
    };
    const results = await Promise.all(given.map(chain));
    for (const [seed, result] of results.entries()) {
      let w = startOf(seed);
      const firsts: HostTensor[] = [];
      for (let step = 0; step < 6; step++) {
        const outputs = await alone.run({ state: { w }, by: scalar(seed + step) });
        firsts.push(outputs.first);
        w = outputs.state.w;
      }
      expect(result.firsts).toEqual(firsts);
      // Compared as bytes: they are many.
      expect(Buffer.from(result.w.data.buffer).equals(Buffer.from(w.data.buffer))).toBe(true);
    }
    expect(given[0]?.data.length).toBe(rows * rows);
    await Promise.all([program.dispose(), alone.dispose()]);
  });

  it('does not grow over 200 runs', async () => {
    const program = engine.compile(moved, { name: 'chain', keeps: ['state'], concurrent: true });
    let state = engine.hold<State>({ w: startOf(0) });
    const run = async (): Promise<void> => {
      ({ state } = await program.run({ state, by: scalar(1) }));
    };
    for (let step = 0; step < 20; step++) await run();
    const before = process.memoryUsage.rss();
    for (let step = 0; step < 200; step++) await run();
    expect((process.memoryUsage.rss() - before) / 2 ** 20).toBeLessThan(100);
    await program.dispose();
  });

  it('gives kept state back after a run that fails', async () => {
    type Gather = { readonly state: State; readonly index: tf.Tensor };
    const program = engine.compile(
      ({ state, index }: Gather) => ({ state: { w: tf.gather(state.w, index as tf.Tensor1D) } }),
      { name: 'rows', keeps: ['state'], concurrent: true },
    );
    const start = engine.hold<State>({ w: float32([3, 1], [1, 2, 3]) });
    const { state } = await program.run({ state: start, index: int32([3], [2, 1, 0]) });
    await expect(program.run({ state, index: int32([3], [2, 9, 0]) })).rejects.toThrow(/^rows failed: .*9/);
    expect((await state.read()).w).toEqual(float32([3, 1], [3, 2, 1]));
    const next = await program.run({ state, index: int32([3], [0, 0, 0]) });
    expect((await next.state.read()).w).toEqual(float32([3, 1], [3, 3, 3]));
    await program.dispose();
  });

  it('names itself and the input when it is given something else', async () => {
    const program = engine.compile(product, { name: 'product', concurrent: true });
    await program.run(inputs(1, 3));
    await expect(program.run({ ...inputs(1, 3), b: undefined } as never)).rejects.toThrow(
      'product cannot run: the input b',
    );
    await program.dispose();
  });
});

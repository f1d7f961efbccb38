/** @file What engines hold between runs: the same numbers as from the host, used until it is consumed or released. */

import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  float32,
  floatsOf,
  type HostParameters,
  type HostTensor,
  int32,
  scalar,
} from '../base/host-tensor.js';
import type { Engine, Given, Held } from './engine.js';
import { engineUnderTest, normals, testEngines } from './engines.fixture.js';
import * as tf from './ops.js';
import { sessions } from './session.js';
import type { Parameters } from './tree.js';

type State = { readonly weights: Parameters; readonly moments: { readonly first: Parameters } };
type StepInputs = State & { readonly x: tf.Tensor; readonly rate: tf.Tensor };

/** A step of gradient descent with momentum, and the loss before it. */
function step({ weights, moments, x, rate }: StepInputs): State & { readonly loss: tf.Tensor } {
  const w = weights.w as tf.Tensor;
  const { value, grad } = tf.valueAndGrad((each: tf.Tensor) =>
    tf
      .matMul(x as tf.Tensor2D, each as tf.Tensor2D)
      .sub(1)
      .square()
      .mean()
      .asScalar(),
  )(w);
  const first = (moments.first.w as tf.Tensor).mul(0.9).add(grad);
  return {
    weights: { w: w.sub(first.mul(rate)) },
    moments: { first: { w: first } },
    loss: value as tf.Tensor,
  };
}

type Tensors = Readonly<Record<string, HostTensor | undefined>>;

const [rows, width] = [5, 7];
const start = () => ({
  weights: { w: normals([width, rows], 'weights') },
  moments: { first: { w: float32([width, rows]) } },
});
const batch = (update: number) => ({ x: normals([rows, width], `x ${update}`), rate: scalar(0.05) });
const keeps = ['weights', 'moments'] as const;
const compiled = (engine: Engine, name = 'my step') => engine.compile(step, { name, keeps });
const heldStart = (engine: Engine) => {
  const { weights, moments } = start();
  return {
    weights: engine.hold<Parameters>(weights),
    moments: engine.hold<State['moments']>(moments),
  };
};

afterEach(() => {
  vi.restoreAllMocks();
});

describe.each(testEngines)('on %s', async (name) => {
  const engine = await engineUnderTest(name);

  it('a held tree gives bit for bit what the host tensors give, at any depth', async () => {
    const program = engine.compile(step, { name: 'step' });
    const { weights, moments } = start();
    const expected = await program.run({ weights, moments, ...batch(1) });
    const { x, rate } = batch(1);
    const first: Parameters | Held<Parameters> = engine.hold<Parameters>(moments.first);
    const given: Given<StepInputs>[] = [
      { ...heldStart(engine), x, rate },
      {
        weights: { w: engine.hold<tf.Tensor>(weights.w) },
        moments: { first },
        x: engine.hold<tf.Tensor>(x),
        rate,
      },
      engine.hold<StepInputs>({ weights, moments, x, rate }),
    ];
    for (const inputs of given) expect(await program.run(inputs)).toEqual(expected);
    await program.dispose();
  });

  it('twenty steps of held state are twenty steps by way of the host', async () => {
    const [kept, plain] = [compiled(engine), engine.compile(step, { name: 'step' })];
    let held = heldStart(engine);
    let state = start();
    for (let update = 0; update < 20; update++) {
      const { loss, ...next } = await kept.run({ ...held, ...batch(update) });
      const { loss: expected, ...host } = await plain.run({ ...state, ...batch(update) });
      expect(loss).toEqual(expected);
      [held, state] = [next, host as ReturnType<typeof start>];
    }
    expect({ weights: await held.weights.read(), moments: await held.moments.read() }).toEqual(state);
    await Promise.all([kept.dispose(), plain.dispose()]);
  });

  it('the tree that the host gave stays as it was', async () => {
    const program = compiled(engine);
    const given = start();
    let weights = engine.hold<Parameters>(given.weights);
    let moments = engine.hold<State['moments']>(given.moments);
    for (let update = 0; update < 4; update++)
      ({ weights, moments } = await program.run({ weights, moments, ...batch(update) }));
    expect(given).toEqual(start());
    await program.dispose();
  });

  it('what was read is a copy: it stays when steps go on, and changing it changes nothing', async () => {
    const program = compiled(engine);
    let state = await program.run({ ...heldStart(engine), ...batch(0) });
    const read = await state.weights.read();
    const values = floatsOf(read.w as HostTensor).slice();
    floatsOf((await state.weights.read()).w as HostTensor).fill(0);
    expect(await state.weights.read()).toEqual(read);
    for (let update = 1; update < 5; update++) {
      const { weights, moments } = state;
      state = await program.run({ weights, moments, ...batch(update) });
    }
    expect(floatsOf(read.w as HostTensor)).toEqual(values);
    await program.dispose();
  });

  describe('refuses by the name of the program and the input', () => {
    it('what a run has consumed, to run with it and to read it', async () => {
      const program = compiled(engine);
      const held = heldStart(engine);
      const { weights, moments } = await program.run({ ...held, ...batch(0) });
      await expect(program.run({ ...held, moments, ...batch(1) })).rejects.toThrow(
        'my step cannot run: the input weights was consumed by a run of my step',
      );
      await expect(held.weights.read()).rejects.toThrow(
        'cannot read what the host gave: it was consumed by a run of my step',
      );
      await program.run({ weights, moments, ...batch(1) });
      await expect(weights.read()).rejects.toThrow(
        'cannot read weights of my step: it was consumed by a run of my step',
      );
      await program.dispose();
    });

    it('what another run consumes at this moment', async () => {
      const program = compiled(engine);
      const held = heldStart(engine);
      const running = program.run({ ...held, ...batch(0) });
      await expect(program.run({ ...held, ...batch(0) })).rejects.toThrow('was consumed by a run of my step');
      await running;
      await program.dispose();
    });

    it('what was released; releasing it again does no harm', async () => {
      const program = compiled(engine);
      const held = heldStart(engine);
      await held.moments.release();
      await held.moments.release();
      await expect(program.run({ ...held, ...batch(0) })).rejects.toThrow(
        'my step cannot run: the input moments was released',
      );
      await expect(held.moments.read()).rejects.toThrow('cannot read what the host gave: it was released');
      // The refused run has consumed nothing.
      expect(await held.weights.read()).toEqual(start().weights);
    });

    it('what another engine holds', async () => {
      const other = await engineUnderTest(name);
      const { weights } = heldStart(other);
      const { moments } = heldStart(engine);
      await expect(compiled(engine).run({ weights, moments, ...batch(0) })).rejects.toThrow(
        'my step cannot run: the input weights is held by another engine',
      );
    });

    it('held values of another type', async () => {
      const program = compiled(engine);
      const state = await program.run({ ...heldStart(engine), ...batch(0) });
      const x = engine.hold<tf.Tensor>(int32([rows, width], new Int32Array(rows * width)));
      const { weights, moments } = state;
      await expect(program.run({ weights, moments, x, rate: scalar(1) })).rejects.toThrow(
        'my step cannot run: the input x has type int32, expected float32',
      );
      expect((await weights.read()).w?.shape).toEqual([width, rows]);
      await program.dispose();
    });
  });

  it('a run that fails consumes nothing', async () => {
    const program = compiled(engine);
    const state = await program.run({ ...heldStart(engine), ...batch(0) });
    const before = await state.weights.read();
    const { weights, moments } = state;
    const wrong = { weights, moments, x: normals([rows, width + 1], 'x'), rate: scalar(1) };
    await expect(program.run(wrong)).rejects.toThrow(/my step/);
    expect(await weights.read()).toEqual(before);
    await program.run({ weights, moments, ...batch(1) });
    await program.dispose();
  });

  it('inputs that the function does not use may be there, held or not', async () => {
    const program = engine.compile(
      ({ weights, x }: { weights: Parameters; x: tf.Tensor; more: tf.Tensor }) => ({
        y: tf.matMul(x as tf.Tensor2D, weights.w as tf.Tensor2D),
      }),
      { name: 'product' },
    );
    const { x } = batch(1);
    const weights = { w: normals([width, rows], 'weights'), unused: normals([1000], 'unused') };
    const expected = await program.run({ weights, x, more: scalar(1) });
    const more = engine.hold<tf.Tensor>(scalar(2));
    const held = engine.hold<Parameters>(weights);
    expect(await program.run({ weights: held, x, more })).toEqual(expected);
    await program.dispose();
  });

  it('held weights serve a program of every length', async () => {
    const program = engine.compile(
      ({ weights, x }: { weights: Parameters; x: tf.Tensor }) => ({
        y: tf.matMul(x as tf.Tensor2D, weights.w as tf.Tensor2D),
        mean: x.mean(0),
      }),
      { name: 'rows', dynamicAxes: { x: 0 }, keeps: ['y'] },
    );
    const { weights } = start();
    const held = engine.hold<Parameters>(weights);
    for (const length of [3, 8, 1, 8]) {
      const x = normals([length, width], 'rows');
      const expected = await program.run({ weights, x });
      const outputs = await program.run({ weights: held, x });
      expect(outputs.mean).toEqual(expected.mean);
      const y = await outputs.y.read();
      expect(y.shape).toEqual([length, rows]);
      expect(y).toEqual(await expected.y.read());
    }
    await program.dispose();
  });

  it('a run that has begun goes on with what another run then consumes', async () => {
    const program = compiled(engine);
    let { weights, moments } = await program.run({ ...heldStart(engine), ...batch(0) });
    const expected = (await weights.read()).w as HostTensor;
    const twice = engine.compile(
      (inputs: { weights: Parameters }) => ({ w: (inputs.weights.w as tf.Tensor).mul(2) }),
      { name: 'twice' },
    );
    // Its first run compiles it: meanwhile the others are done.
    const reading = twice.run({ weights });
    for (let update = 1; update < 5; update++)
      ({ weights, moments } = await program.run({ weights, moments, ...batch(update) }));
    expect((await reading).w.data).toEqual(floatsOf(expected).map((value) => 2 * value));
    await Promise.all([program.dispose(), twice.dispose()]);
  });
});

describe('the compiling engine', async () => {
  const engine = await engineUnderTest('onnx');
  /** Runs of sessions made from now on: what each is fed with, and what it is given to write into. */
  function watchRuns(): { readonly feeds: Tensors; readonly memory: Tensors }[] {
    const runs: { feeds: Tensors; memory: Tensors }[] = [];
    const { create } = sessions;
    vi.spyOn(sessions, 'create').mockImplementation(async (model, threads) => {
      const session = await create(model, threads);
      return {
        ...session,
        run: (inputs, outputs) => {
          runs.push({ feeds: Object.fromEntries(inputs), memory: Object.fromEntries(outputs) });
          return session.run(inputs, outputs);
        },
      };
    });
    return runs;
  }
  /** The arrays that an output was written into. */
  const arraysOf = (runs: ReturnType<typeof watchRuns>, output: string): Set<ArrayBufferLike> =>
    new Set(runs.map(({ memory }) => (memory[output] as HostTensor).data.buffer));

  it('lets two buffers take turns, however many runs there are', async () => {
    const runs = watchRuns();
    const program = compiled(engine);
    let { weights, moments } = await program.run({ ...heldStart(engine), ...batch(0) });
    for (let update = 1; update < 200; update++)
      ({ weights, moments } = await program.run({ weights, moments, ...batch(update % 7) }));
    expect(runs[0]?.memory.loss).toBeUndefined();
    // Both outputs are of one size, and share what is spare.
    const arrays = ['weights/w', 'moments/first/w'].flatMap((path) => [...arraysOf(runs, path)]);
    expect(new Set(arrays).size).toBe(4);
    await program.dispose();
  });

  it('uses the memory of what was released again', async () => {
    const runs = watchRuns();
    const program = engine.compile(({ x }: { x: tf.Tensor }) => ({ y: x.add(1) }), {
      name: 'next',
      keeps: ['y'],
    });
    for (let run = 0; run < 200; run++) {
      const { y } = await program.run({ x: float32([2], [run, run + 1]) });
      expect(await y.read()).toEqual(float32([2], [run + 1, run + 2]));
      await y.release();
    }
    expect(arraysOf(runs, 'y').size).toBe(1);
    await program.dispose();
  });

  it('keeps no memory of shapes that it does not write', async () => {
    const runs = watchRuns();
    const program = engine.compile(({ x }: { x: tf.Tensor }) => ({ x: x.slice([0], [1]) }), {
      name: 'first',
      keeps: ['x'],
    });
    const longer = engine.compile(({ x }: { x: tf.Tensor }) => ({ x: x.tile([3]) }), {
      name: 'thrice',
      keeps: ['x'],
    });
    for (let run = 0; run < 5; run++) {
      const { x } = await longer.run({ x: float32([1], [run]) });
      expect(await (await program.run({ x })).x.read()).toEqual(float32([1], [run]));
    }
    // What is consumed has three values, what is written has one: each output has new memory.
    expect(arraysOf(runs, 'x').size).toBe(10);
    await Promise.all([program.dispose(), longer.dispose()]);
  });

  it('feeds a session with the inputs that are used alone', async () => {
    const runs = watchRuns();
    const program = engine.compile(
      ({ weights }: { weights: Parameters }) => ({ y: (weights.a as tf.Tensor).mul(2) }),
      {
        name: 'double',
      },
    );
    const weights: HostParameters = { a: scalar(3), b: normals([100], 'b') };
    expect((await program.run({ weights: engine.hold<Parameters>(weights) })).y).toEqual(scalar(6));
    expect(runs.map(({ feeds }) => Object.keys(feeds))).toEqual([['weights/a']]);
    await program.dispose();
  });
});

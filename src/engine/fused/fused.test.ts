/** @file Fused operations: where they are used, in which order, and what a device without them does; the host stands for a device. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { floatsOf, type HostTensor, scalar } from '../../base/host-tensor.js';
import { createEngine } from '../create.js';
import { type Accelerator, hostAccelerator } from '../device/accelerator.js';
import type { Engine } from '../engine.js';
import { expectNear, normals } from '../engines.fixture.js';
import { GraphBuilder, type Value } from '../graph.js';
import { engineOnDevice } from '../onnx.js';
import * as tf from '../ops.js';
import { npmOrt } from '../ort/library.js';
import { type EngineRemark, remarkText } from '../remarks.js';
import { scan } from '../scan.js';
import type { TracedGraph } from '../trace.js';
import type { Fused } from './fused.js';
import { runsOf } from './launches.js';
import { fused } from './operations.js';
import { expectRightKernels } from './self-test.js';
import { stagesOf } from './stages.js';

const library = npmOrt();
const onDevice = it.skipIf(library === undefined);

/** The host as a device, which notes the kernels that it starts. */
function device(change: Partial<Accelerator> = {}): { accelerator: Accelerator; started: string[] } {
  if (library === undefined) throw new Error('koffi cannot be loaded here');
  const host = hostAccelerator(library);
  const started: string[] = [];
  const launch: Accelerator['launch'] = (kernel, table, size) => {
    started.push(`${kernel} ${size.rows}`);
    host.launch?.(kernel, table, size);
  };
  return { accelerator: { ...host, launch, ...change }, started };
}

const engineOn = (accelerator: Accelerator, told: EngineRemark[] = []): Engine =>
  engineOnDevice(accelerator, { provider: 'cpu', threads: 1, remark: (remark) => told.push(remark) });

const average = (value: tf.Tensor, now: tf.Tensor, decay: tf.Tensor): tf.Tensor => {
  const chain = () => [value.mul(decay).add(now.mul(tf.scalar(1).sub(decay)))];
  return fused('average', [value, now, decay], [], chain)[0] as tf.Tensor;
};

type Outputs = Record<string, HostTensor>;
type Given = { readonly a: tf.Tensor; readonly b: tf.Tensor; readonly decay: tf.Tensor };
const given = { a: normals([3, 5], 'a'), b: normals([3, 5], 'b'), decay: scalar(0.75) };
const between = (a: HostTensor, b: HostTensor): number[] =>
  Array.from(floatsOf(a), (x, i) => x * 0.75 + (floatsOf(b)[i] as number) * 0.25);

/** Runs a function on a device; its outputs, and the kernels that were started. */
async function runOn(
  fn: (inputs: Given) => Record<string, tf.Tensor>,
): Promise<{ outputs: Record<string, HostTensor>; started: string[] }> {
  const { accelerator, started } = device();
  const program = engineOn(accelerator).compile(fn, { name: 'averages' });
  const outputs = (await program.run(given)) as Record<string, HostTensor>;
  await program.dispose();
  return { outputs, started };
}

const near = (actual: HostTensor | undefined, expected: readonly number[]): void => {
  for (const [i, x] of expected.entries()) expect(actual?.data[i]).toBeCloseTo(x, 5);
};

onDevice('what a program computes last is one launch for all tensors, on what the model made', async () => {
  const { outputs, started } = await runOn(({ a, b, decay }) => ({
    y: average(a, b, decay),
    z: average(a.mul(2), b.add(a), decay),
    w: a.add(b),
  }));
  expect(started).toEqual(['average 2']);
  near(outputs.y, between(given.a, given.b));
  const [double, sum] = [given.a, given.b].map((_, n) => ({
    ...given.a,
    data: Float32Array.from(floatsOf(given.a), (x, i) =>
      n === 0 ? 2 * x : x + (floatsOf(given.b)[i] as number),
    ),
  })) as [HostTensor, HostTensor];
  near(outputs.z, between(double, sum));
  near(outputs.w, Array.from(floatsOf(sum)));
});

onDevice('one that reads what another made comes after it', async () => {
  const { outputs, started } = await runOn(({ a, b, decay }) => ({
    y: average(average(a, b, decay), b, decay),
    w: a.add(b),
  }));
  expect(started).toEqual(['average 1', 'average 1']);
  const once = { ...given.a, data: Float32Array.from(between(given.a, given.b)) };
  near(outputs.y, between(once, given.b));
});

onDevice('a program goes on with a result in a second model', async () => {
  const { outputs, started } = await runOn(({ a, b, decay }) => {
    const y = average(a.mul(1), b, decay);
    const twice = y.mul(2);
    return { y, again: y, twice, z: average(twice, a.mul(1), decay) };
  });
  expect(started).toEqual(['average 1', 'average 1']);
  const y = between(given.a, given.b);
  near(outputs.y, y);
  near(outputs.again, y);
  const twice = { ...given.a, data: Float32Array.from(y, (x) => 2 * x) };
  near(outputs.twice, Array.from(floatsOf(twice)));
  near(outputs.z, between(twice, given.a));
});

onDevice('stages anywhere give what one model gives', async () => {
  type Step = { readonly kind: 'average' | 'add' | 'double'; readonly x: number; readonly y: number };
  const step = fc.record({ kind: fc.constantFrom('average', 'add', 'double'), x: fc.nat(20), y: fc.nat(20) });
  const bodyOf =
    (steps: readonly Step[], wanted: readonly number[]) =>
    ({ a, b, decay }: Given) => {
      const values = [a, b];
      const at = (i: number): tf.Tensor => values[i % values.length] as tf.Tensor;
      for (const { kind, x, y } of steps)
        values.push(
          kind === 'average'
            ? average(at(x), at(y), decay)
            : kind === 'add'
              ? at(x).add(at(y))
              : at(x).mul(2),
        );
      return Object.fromEntries(wanted.map((i, n) => [`y${n}`, at(i)]));
    };
  const engine = engineOn(device().accelerator);
  const plain = createEngine('cpu', { threads: 1 });
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 10 }),
      fc.array(fc.nat(20), { minLength: 1, maxLength: 3 }),
      async (steps, wanted) => {
        const body = bodyOf(steps as Step[], wanted);
        const [staged, whole] = [engine, await plain].map((each) => each.compile(body, { name: 'steps' }));
        const [actual, expected] = [await staged?.run(given), await whole?.run(given)];
        expectNear(actual as Outputs, expected as Outputs, 1e-5);
        await staged?.dispose();
      },
    ),
    { numRuns: 30 },
  );
});

onDevice('programs that are started together do not use the same memory at the same time', async () => {
  const engine = engineOn(device().accelerator);
  const bodies = [1, 2, 3].map((times) => ({ a, b, decay }: Given) => {
    const y = average(a.mul(times), b, decay);
    return { z: average(y.mul(times), y, decay).add(y) };
  });
  const programs = bodies.map((body) => engine.compile(body, { name: 'together' }));
  const apart: Outputs[] = [];
  for (const program of programs) apart.push(await program.run(given));
  for (let turn = 0; turn < 3; turn++) {
    const together = await Promise.all(programs.map((program) => program.run(given)));
    for (const [i, outputs] of together.entries()) expectNear(outputs, apart[i] as Outputs, 1e-9);
  }
});

it('what is made of constants is made where it is read, and not left from stage to stage', () => {
  const graph = new GraphBuilder('cpu', true);
  const [x, decay] = [graph.input([4], 'float32'), graph.input([], 'float32')];
  const ones = graph.emit('Exp', [graph.expand(graph.scalar(0), [4])], [4], 'float32');
  const before = graph.emit('Add', [x, ones], [4], 'float32');
  const [y] = graph.fuse('average', [before, ones, decay], [{ shape: [4], type: 'float32' }], []) as [Value];
  const after = graph.emit('Mul', [y, ones], [4], 'float32');
  const parted = stagesOf({
    ...{ inputs: [['x', x] as const, ['decay', decay] as const], outputs: [['after', after] as const] },
    ...{ nodes: graph.finish(), fused: graph.fusedOperations, nextId: graph.nextValueId },
  });
  expect(parted?.stages.map(({ model }) => model?.nodes.map(({ op }) => op))).toEqual([
    ['Expand', 'Exp', 'Add'],
    ['Expand', 'Exp', 'Mul'],
  ]);
  expect(parted?.stages[1]?.model?.inputs.map(([name]) => name)).toEqual(['between/2:out']);
});

it('positions that two stages need cannot be parted', () => {
  const graph = new GraphBuilder('cpu', true);
  const [x, at, decay] = [graph.input([4], 'float32'), graph.input([2], 'int32'), graph.input([], 'float32')];
  const positions = graph.emit('Cast', [at], [2], 'int64', { attributes: { to: { int: 7 } } });
  const first = graph.emit('Gather', [x, positions], [2], 'float32');
  const [y] = graph.fuse('average', [x, x, decay], [{ shape: [4], type: 'float32' }], []) as [Value];
  const inputs = [['x', x] as const, ['at', at] as const, ['decay', decay] as const];
  const of = (second: Value): TracedGraph => ({
    ...{ inputs, nodes: graph.finish(), fused: graph.fusedOperations, nextId: graph.nextValueId },
    outputs: [['first', first] as const, ['second', second] as const],
  });
  expect(stagesOf(of(y))?.stages).toHaveLength(1);
  expect(stagesOf(of(graph.emit('Gather', [y, positions], [2], 'float32')))).toBeUndefined();
});

onDevice('so has a loop over time, and what has shapes that no kernel is for', async () => {
  const { outputs, started } = await runOn(({ a, b, decay }) => ({
    looped: scan(
      ([state], [slice]) => {
        const next = average(state as tf.Tensor, slice as tf.Tensor, decay);
        return { state: [next], outputs: [] };
      },
      [a.slice([0, 0], [1, 5]).reshape([5])],
      [b],
    ).state[0] as tf.Tensor,
    wide: average(a, b, tf.ones([3, 5]).mul(decay)),
  }));
  expect(started).toEqual([]);
  near(outputs.wide, between(given.a, given.b));
});

onDevice('nothing but fused operations needs no model', async () => {
  const { outputs, started } = await runOn(({ a, b, decay }) => ({ y: average(a, b, decay) }));
  expect(started).toEqual(['average 1']);
  near(outputs.y, between(given.a, given.b));
});

onDevice('a result that nobody wants is not computed', async () => {
  const { started } = await runOn(({ a, b, decay }) => {
    average(a, b, decay);
    return { w: a.add(b) };
  });
  expect(started).toEqual([]);
});

onDevice('the same blocks have the same table, and other ones another', async () => {
  const { accelerator } = device();
  const uploaded: number[] = [];
  const counting: Accelerator = {
    ...accelerator,
    upload: (to, from) => {
      if (from instanceof BigUint64Array) uploaded.push(from.length);
      accelerator.upload(to, from);
    },
  };
  const program = engineOn(counting).compile(
    ({ a, b, decay }: Given) => ({ a: average(a, b, decay), w: b.add(1) }),
    { name: 'averages', keeps: ['a'] },
  );
  let state: unknown = given.a;
  for (let i = 0; i < 6; i++) ({ a: state } = await program.run({ ...given, a: state } as never));
  await program.dispose();
  expect(uploaded.length).toBeLessThanOrEqual(3);
});

onDevice('kernels that compute as the host pass the test at the start', () => {
  const { accelerator, started } = device();
  expectRightKernels(accelerator);
  expect(started).toEqual([
    'squares 3',
    'clip 1',
    'adam 3',
    'average 3',
    'paths 1',
    ...Array(3).fill('lstm 1'),
    ...Array(3).fill('lstmGradients 1'),
  ]);
});

onDevice('kernels that do nothing, or fail, do not', () => {
  expect(() => expectRightKernels(device({ launch: () => {} }).accelerator)).toThrow(
    /^scale differs from the host's by NaN$/,
  );
  const failing = (): never => {
    throw new Error('cuLaunchKernel answered with the code 700');
  };
  expect(() => expectRightKernels(device({ launch: failing }).accelerator)).toThrow('the code 700');
});

onDevice('a device without kernels has the chains, and says why', async () => {
  const { accelerator, started } = device();
  const { launch: _, ...rest } = accelerator;
  const told: EngineRemark[] = [];
  const engine = engineOn({ ...rest, withoutKernels: 'norm differs' }, told);
  const program = engine.compile(({ a, b, decay }: Given) => ({ y: average(a, b, decay) }), { name: 'y' });
  const { y } = await program.run(given);
  await program.dispose();
  expect(started).toEqual([]);
  near(y, between(given.a, given.b));
  expect(told.map(remarkText)).toEqual([
    'training is slower on this device than it could be: its own kernels cannot be used (norm differs)',
  ]);
});

it('operations of one name make a run, until one reads what its run made', () => {
  const call = (name: Fused<string>['name'], input: string, output: string): Fused<string> => ({
    ...{ name, inputs: [input], outputs: [output], numbers: [] },
  });
  const all = [
    call('adam', 'a', 'b'),
    call('adam', 'c', 'd'),
    call('average', 'b', 'e'),
    call('average', 'd', 'f'),
    call('average', 'f', 'g'),
  ];
  expect(runsOf(all).map((run) => run.map(({ outputs }) => outputs[0]))).toEqual([
    ['b', 'd'],
    ['e', 'f'],
    ['g'],
  ]);
});

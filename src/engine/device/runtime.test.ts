/** @file What is said of programs on a device that does not run all of them; the host stands for the device. */
import { expect, it } from 'vitest';
import { float32 } from '../../base/host-tensor.js';
import { engineOnDevice, onnxEngine } from '../onnx.js';
import * as tf from '../ops.js';
import { npmOrt } from '../ort/library.js';
import { type EngineRemark, remarkText } from '../remarks.js';
import { type Accelerator, hostAccelerator } from './accelerator.js';

const library = npmOrt();

/** An engine on a device that has no kernels at all, and cannot record what the processor runs. */
function engineWithout(told: EngineRemark[], change: Partial<Accelerator> = {}) {
  if (library === undefined) throw new Error('koffi cannot be loaded here');
  const accelerator: Accelerator = {
    ...hostAccelerator(library),
    executionProvider: 'CUDAExecutionProvider',
    records: true,
    sessionSettings: (recorded) => {
      if (recorded) throw new Error('this session cannot be captured');
      return {};
    },
    ...change,
  };
  const settings = {
    provider: 'cuda',
    threads: 1,
    remark: (remark: EngineRemark) => told.push(remark),
  } as const;
  return engineOnDevice(accelerator, settings);
}

const body = ({ x }: { readonly x: tf.Tensor }) => ({
  y: tf.add(tf.tanh(tf.add(tf.tanh(x), 1)), x),
});
const given = (count: number) => ({ x: float32([count], new Float32Array(count)) });

it.skipIf(library === undefined)(
  'operators of a program that the device does not run are named once, with how many there are',
  async () => {
    const told: EngineRemark[] = [];
    const program = engineWithout(told).compile(body, { name: 'an update' });
    for (const count of [3, 4, 3]) await program.run(given(count));
    await program.dispose();
    expect(told).toEqual([
      {
        kind: 'on the processor',
        program: 'an update',
        operators: new Map([
          ['Tanh', 2],
          ['Add', 2],
        ]),
        hinderRecording: true,
      },
    ]);
    expect(told.map(remarkText)).toEqual([
      'an update: the processor, not the device, runs Tanh (2 times), Add (2 times), so its runs are not recorded and replayed',
    ]);
  },
);

it.skipIf(library === undefined)(
  'what computes lengths is not among them, and a program of every length is recorded nowhere',
  async () => {
    const told: EngineRemark[] = [];
    const program = engineWithout(told).compile(
      ({ x }: { readonly x: tf.Tensor }) => ({
        y: tf.mul(tf.ones([x.shape[0] as number, 2]), tf.reshape(x, [-1, 1])),
      }),
      { name: 'features', dynamicAxes: { x: 0 } },
    );
    await program.run(given(3));
    await program.dispose();
    const remarks = told.filter((remark) => remark.kind === 'on the processor');
    const operators = remarks.flatMap((remark) => [...remark.operators.keys()]);
    expect(operators).toContain('Expand');
    for (const length of ['Shape', 'Gather', 'Concat']) expect(operators).not.toContain(length);
    expect(remarks.map(({ hinderRecording }) => hinderRecording)).toEqual([false]);
  },
);

it.skipIf(library === undefined)('nothing is said where the device runs all', async () => {
  const told: EngineRemark[] = [];
  const program = engineWithout(told, { executionProvider: 'CPUExecutionProvider' }).compile(body, {
    name: 'an update',
  });
  await program.run(given(3));
  await program.dispose();
  expect(told).toEqual([]);
});

it('the processor is no device: an engine on it says nothing', async () => {
  const told: EngineRemark[] = [];
  const engine = await onnxEngine({ provider: 'cpu', threads: 1, remark: (remark) => told.push(remark) });
  const program = engine.compile(body, { name: 'an update' });
  await program.run(given(3));
  await program.dispose();
  expect(told).toEqual([]);
});

it.skipIf(library === undefined)(
  'a session that asks for deterministic kernels runs as others do',
  async () => {
    const engine = engineWithout([], { records: false, sessionSettings: () => ({ deterministic: true }) });
    const program = engine.compile(body, { name: 'an update' });
    const { y } = await program.run({ x: float32([2], [0, 1]) });
    await program.dispose();
    const value = (x: number): number => Math.tanh(Math.tanh(x) + 1) + x;
    expect(y.data[0]).toBeCloseTo(value(0), 6);
    expect(y.data[1]).toBeCloseTo(value(1), 6);
  },
);

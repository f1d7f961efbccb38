/** @file The student's update on a device with fused operations; the host stands for the device. */
import { expect, it } from 'vitest';
import { float32, type HostParameters, scalar } from '../base/host-tensor.js';
import { type Accelerator, hostAccelerator } from '../engine/device/accelerator.js';
import { normals } from '../engine/engines.fixture.js';
import { engineOnDevice } from '../engine/onnx.js';
import { npmOrt } from '../engine/ort/library.js';
import type { Parameters } from '../engine/tree.js';
import { adamStart } from '../nn/adam.js';
import { adamOf, type UpdateInputs, updatedBy } from './step.js';
import { melConfig, stateOf } from './training.fixture.js';

const library = npmOrt();

type Given = UpdateInputs & { readonly x: Parameters };

/** Three updates by the gradients x * w, clipped; held from one to the next. */
async function updates(accelerator: Accelerator): Promise<HostParameters[]> {
  const engine = engineOnDevice(accelerator, { provider: 'cpu', threads: 1 });
  const { student, teacher } = stateOf('fused');
  const settings = adamOf(melConfig, student);
  const program = engine.compile(
    ({ x, ...inputs }: Given) => {
      const gradients = Object.fromEntries(
        Object.entries(inputs.student).map(([name, w]) => [name, w.mul(x[name] as never)]),
      );
      return updatedBy({ gradients }, inputs, 0.5, settings);
    },
    { name: 'update', keeps: ['student', 'teacher', 'adam'] },
  );
  let state = {
    student: engine.hold<Parameters>(student),
    teacher: engine.hold<Parameters>(teacher),
    adam: engine.hold<UpdateInputs['adam']>(adamStart(student)),
  };
  const norms: number[] = [];
  for (let update = 0; update < 3; update++) {
    const x = Object.fromEntries(
      Object.entries(student).map(([name, { shape }]) => [name, normals(shape, `${name} ${update}`)]),
    );
    const at = { updatesBefore: scalar(update), learningRate: scalar(0.01), decay: scalar(0.9) };
    const { gradientNorm, ...next } = await program.run({ ...state, ...at, x });
    state = next;
    norms.push(gradientNorm.data[0] as number);
  }
  const { first, second } = await state.adam.read();
  const results = [await state.student.read(), await state.teacher.read(), first, second];
  await program.dispose();
  return [...results, { norms: float32([3], Float32Array.from(norms)) }];
}

it.skipIf(library === undefined)(
  'three updates by the kernels of a device are those of chains of operators, to the last bits',
  async () => {
    const host = hostAccelerator(library as NonNullable<typeof library>);
    const started: string[] = [];
    const { launch, ...chains } = host;
    const fused = await updates({
      ...host,
      launch: (kernel, ...rest) => {
        started.push(kernel);
        launch?.(kernel, ...rest);
      },
    });
    const plain = await updates(chains);
    expect(started).toEqual(Array.from({ length: 3 }, () => ['squares', 'clip', 'adam', 'average']).flat());
    // The norm is a sum of another order: its last bit may differ, and with it all that it scales.
    for (const [i, parameters] of plain.entries())
      for (const [name, { data }] of Object.entries(parameters))
        for (const [j, y] of data.entries())
          expect(Math.abs((fused[i]?.[name]?.data[j] as number) - y), name).toBeLessThan(3e-7);
  },
);

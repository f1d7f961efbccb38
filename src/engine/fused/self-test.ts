/** @file Whether a device's kernels compute as the host's: asked when the device is opened, before a program uses them. */
import { float32, type HostTensor, sizeOf } from '../../base/host-tensor.js';
import { randomStream } from '../../base/random.js';
import { type Accelerator, hostAccelerator } from '../device/accelerator.js';
import { devicePool, downloaded, placed } from '../device/pool.js';
import type { DeviceTensor } from '../device/tensor.js';
import { fusedCalls } from './calls.js';
import type { Fused } from './fused.js';

/** What values may differ by, in units of the value where that is above 1: sums of another order round otherwise. */
const tolerance = 1e-5;

/** Sizes with an odd end, and one for which the threads go round more than once. */
const sizes = [7, 1031, 20_011];

/**
 * What every kernel computes on the device and on the host.
 * @throws Error naming what differs
 */
export function expectRightKernels(accelerator: Accelerator): void {
  const expected = results(hostAccelerator(accelerator.library));
  for (const [name, values] of results(accelerator)) {
    let largest = 0;
    for (const [i, x] of values.data.entries()) {
      const y = expected.get(name)?.data[i] as number;
      const apart = Math.abs(x - y) / Math.max(1, Math.abs(y));
      // NaN is no smaller than anything.
      if (!(apart <= largest)) largest = apart;
    }
    if (!(largest <= tolerance)) throw new Error(`${name} differs from the host's by ${largest}`);
  }
}

function results(accelerator: Accelerator): ReadonlyMap<string, HostTensor> {
  const pool = devicePool(accelerator);
  const tensors = new Map<string, DeviceTensor>();
  const place = (name: string, shape: readonly number[], of: (random: () => number) => number): string => {
    const random = randomStream(1, name);
    const values = Float32Array.from({ length: sizeOf(shape) }, () => of(() => random.normal()));
    tensors.set(name, placed(accelerator, pool, float32(shape, values)));
    return name;
  };
  const scalar = (name: string, value: number): string => place(name, [], () => value);
  const made: string[] = [];
  const room = (name: string, shape: readonly number[]): string => {
    made.push(name);
    return place(name, shape, () => Number.NaN);
  };
  const gradients = sizes.map((size) => place(`gradient ${size}`, [size], (random) => random()));
  const scale = room('scale', []);
  const rates = [scalar('rate', 0.01), scalar('smallest', 1e-6), scalar('learning rate', 0.01), scale];
  const calls: Fused<string>[] = [
    {
      name: 'norm',
      inputs: [scalar('share', 0.5), ...gradients],
      outputs: [room('norm', []), scale],
      numbers: [2],
    },
    ...sizes.map(
      (size): Fused<string> => ({
        name: 'adam',
        inputs: [
          place(`value ${size}`, [size], (random) => random()),
          `gradient ${size}`,
          place(`first ${size}`, [size], (random) => random()),
          place(`second ${size}`, [size], (random) => random() ** 2),
          ...rates,
        ],
        outputs: ['value', 'first', 'second'].map((what) => room(`next ${what} ${size}`, [size])),
        numbers: [0.9, 0.98, 0.5, 0.01],
      }),
    ),
    ...sizes.map(
      (size): Fused<string> => ({
        name: 'average',
        inputs: [
          place(`average ${size}`, [size], (random) => random()),
          `next value ${size}`,
          scalar('decay', 0.99),
        ],
        outputs: [room(`next average ${size}`, [size])],
        numbers: [],
      }),
    ),
  ];
  const lattice = [5, 3, 301] as const;
  calls.push({
    name: 'paths',
    inputs: [
      place('emissions', lattice, (random) => -Math.abs(random())),
      place('own', lattice.slice(0, 2), (random) => (random() > -1 ? 1 : 0)),
      place('before', lattice.slice(1), (random) => (random() > 0 ? 0 : -1e30)),
      place('leaps', lattice.slice(1), (random) => (random() > 0 ? 0 : -1e30)),
    ],
    outputs: [room('paths', lattice)],
    numbers: [],
  });
  // Numbers of units and utterances that no block divides; two directions.
  const [steps, directions, units, batch] = [3, 2, 45, 35];
  const lead = [steps, directions] as const;
  const of = (times: number): number[] => [...lead, times * units, batch];
  const normal = (random: () => number): number => random();
  const recurrent = place('recurrent', [directions, 4 * units, units], (random) => random() / 7);
  const inner = ['gates', 'candidate', 'output', 'kept', 'squashed'].map((name, i) =>
    room(name, of(i === 0 ? 2 : 1)),
  );
  calls.push(
    {
      name: 'lstm',
      inputs: [place('from input', of(4), normal), recurrent],
      outputs: [room('hidden', [...lead, batch, units]), ...inner],
      numbers: [],
    },
    {
      name: 'lstmGradients',
      inputs: [recurrent, ...inner, place('of hidden', [...lead, batch, units], normal)],
      outputs: [room('of gates', [...lead, batch, 4 * units])],
      numbers: [],
    },
  );
  const operations = fusedCalls({ accelerator, pool }, calls);
  try {
    operations.start(
      '',
      [...tensors].map(([name, tensor]) => ({ name, tensor })),
    );
    return new Map(
      made.map((name) => {
        const tensor = tensors.get(name) as DeviceTensor;
        return [name, downloaded(accelerator, tensor, tensor.memory.address)];
      }),
    );
  } finally {
    operations.release();
    for (const { memory } of tensors.values()) memory.free();
    pool.clear();
  }
}

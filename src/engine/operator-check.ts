/** @file Compares every ONNX operator of our programs on one engine with another: which give other values than the processor. */
import { z } from 'zod';
import { messageOf } from '../base/errors.js';
import type { HostTensor } from '../base/host-tensor.js';
import { activeTraceBackend } from './backend.js';
import type { Engine } from './engine.js';
import { type OperatorCase, operatorCases } from './operator-cases.js';
import type * as tf from './ops.js';

export const differenceSchema = z.strictObject({
  operator: z.string(),
  /** The sizes at which it parts. */
  sizes: z.string(),
  /** The largest difference, in units of the largest value where that is above 1; absent where the engine failed. */
  difference: z.number().optional(),
  /** What the engine said where it failed. */
  failure: z.string().optional(),
});

/** An operator that parts from the processor. */
export type OperatorDifference = Readonly<z.infer<typeof differenceSchema>>;

/** What float32 sums of the cases' sizes may differ by between two correct implementations. */
export const operatorTolerance = 1e-4;

/**
 * Runs the cases on both engines, which compile.
 * @param tolerance largest difference that counts as equal (of TF32: 1e-2); whole numbers and truth values must be the same
 * @returns those that differ, or that the engine cannot run, in the order of the cases
 */
export async function checkOperators(
  engine: Engine,
  reference: Engine,
  { tolerance = operatorTolerance, cases = operatorCases } = {},
): Promise<OperatorDifference[]> {
  const found: OperatorDifference[] = [];
  for (const each of cases) {
    const { operator, sizes } = each;
    const expected = await outputsOn(reference, each);
    const actual = await outputsOn(engine, each).catch((error: unknown) => messageOf(error));
    if (typeof actual === 'string') {
      found.push({ operator, sizes, failure: actual });
      continue;
    }
    const difference = Math.max(...expected.map((tensor, i) => distance(actual[i], tensor)));
    if (!(difference <= tolerance)) found.push({ operator, sizes, difference });
  }
  return found;
}

async function outputsOn(
  engine: Engine,
  { operator, sizes, inputs, emit }: OperatorCase,
): Promise<HostTensor[]> {
  const names = Object.keys(inputs);
  const program = engine.compile<Record<string, tf.Tensor>, Record<string, tf.Tensor>>(
    (given) => {
      const backend = activeTraceBackend();
      if (backend === undefined) throw new Error(`the engine ${engine.name} does not compile`);
      const values = names.map((name) => backend.valueFor(given[name] as tf.Tensor));
      const outputs = emit(backend.builder, values);
      return Object.fromEntries(outputs.map((value, i) => [`y${i}`, backend.tensorOf(value)]));
    },
    { name: `${operator} (${sizes})` },
  );
  try {
    return Object.values(await program.run(inputs)) as HostTensor[];
  } finally {
    await program.dispose();
  }
}

/** The largest number where they are not comparable, or whole numbers differ. */
function distance(actual: HostTensor | undefined, expected: HostTensor): number {
  if (actual?.dtype !== expected.dtype || actual.shape.join() !== expected.shape.join())
    return Number.MAX_VALUE;
  let [largest, scale] = [0, 1];
  for (const [i, y] of expected.data.entries()) {
    const x = actual.data[i] as number;
    if (Number.isFinite(y)) scale = Math.max(scale, Math.abs(y));
    if (Object.is(x, y) || x === y) continue;
    const apart = Math.abs(x - y);
    if (expected.dtype !== 'float32' || !Number.isFinite(apart)) return Number.MAX_VALUE;
    largest = Math.max(largest, apart);
  }
  return largest / scale;
}

/** The operators that part in one line. */
export function differencesText(differences: readonly OperatorDifference[]): string {
  return differences
    .map(({ operator, sizes, difference = Number.MAX_VALUE, failure }) => {
      const how =
        failure !== undefined
          ? `fails: ${failure.split('\n')[0]}`
          : difference === Number.MAX_VALUE
            ? 'has other values'
            : `differs by ${difference.toPrecision(2)}`;
      return `${operator} (${sizes}) ${how}`;
    })
    .join('; ');
}

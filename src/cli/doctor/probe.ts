/** @file Tries one engine in a process of its own (a native library that crashes takes only this one down). */
import { messageOf } from '../../base/errors.js';
import { float32 } from '../../base/host-tensor.js';
import type { Engine, EngineName, ProviderName } from '../../engine/engine.js';
import { onnxOperators } from '../../engine/onnx-operators.js';
import { checkOperators, type OperatorDifference, wrongDevice } from '../../engine/operator-check.js';
import * as tf from '../../engine/ops.js';

/** What a probe says, as one line of JSON. */
export type ProbeAnswer =
  | { readonly works: true; readonly milliseconds: number; readonly detail?: string }
  | { readonly works: false; readonly reason: string };

const [name, provider] = process.argv.slice(2) as [EngineName, ProviderName];
// Native libraries write to stdout and stderr; the answer is told from that by its mark.
process.stdout.write(`\nanswer:${JSON.stringify(await probe())}\n`, () => process.exit(0));

/** Runs 2 x [[1, 2], [3, 4]] @ [[5, 6], [7, 8]] and the gradient of its sum. */
async function probe(): Promise<ProbeAnswer> {
  const started = performance.now();
  try {
    // A missing library is an error of the import.
    const { createEngine } = await import('../../engine/create.js');
    const engine = await createEngine(name, { provider, threads: 1 });
    const program = engine.compile(
      ({ a, b }: { a: tf.Tensor; b: tf.Tensor }) => {
        const product = (x: tf.Tensor): tf.Tensor => tf.mul(tf.matMul(x, b), 2);
        return { product: product(a), gradient: tf.grad((x) => tf.sum(product(x)))(a) };
      },
      { name: 'doctor' },
    );
    const { product, gradient } = await program.run({
      a: float32([2, 2], [1, 2, 3, 4]),
      b: float32([2, 2], [5, 6, 7, 8]),
    });
    const values = [...product.data, ...gradient.data].join();
    const expected = '38,44,86,100,22,30,22,30';
    if (values !== expected) return { works: false, reason: `wrong result: ${values}, expected ${expected}` };
    const differences = provider === 'cpu' ? [] : await differencesOf(engine);
    if (differences.length > 0) return { works: false, reason: wrongDevice(provider, differences).message };
    const detail =
      engine.tensorflow !== undefined
        ? `TensorFlow ${engine.tensorflow}`
        : provider === 'cpu'
          ? undefined
          : `${onnxOperators.length} operators equal to the processor's`;
    return { works: true, milliseconds: performance.now() - started, ...(detail && { detail }) };
  } catch (error) {
    return { works: false, reason: reasonOf(messageOf(error)) };
  }
}

/** The operators of our programs that part from the processor. */
async function differencesOf(engine: Engine): Promise<readonly OperatorDifference[]> {
  if (engine.name !== 'onnx') return [];
  const { createEngine } = await import('../../engine/create.js');
  return checkOperators(engine, await createEngine('onnx', { threads: 1 }));
}

/** The first line, less the place in ONNX Runtime's sources and the condition that did not hold. */
function reasonOf(message: string): string {
  const [line = message] = message.split('\n');
  return line.replace(/^\S+\.(cc|h):\d+ .* was false\. /, '').trim();
}

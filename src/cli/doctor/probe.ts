/** @file Tries one engine in a process of its own (a native library that crashes takes only this one down). */
import { messageOf, UserError } from '../../base/errors.js';
import { float32 } from '../../base/host-tensor.js';
import { deviceCheckSwitch, deviceDifferences, wrongDevice } from '../../engine/device-check.js';
import type { Engine, EngineName, ProviderName } from '../../engine/engine.js';
import { onnxOperators } from '../../engine/onnx-operators.js';
import * as tf from '../../engine/ops.js';
import { type EngineRemark, remarkText } from '../../engine/remarks.js';

/** What a probe says, as one line of JSON. */
export type ProbeAnswer =
  | { readonly works: true; readonly milliseconds: number; readonly detail?: string }
  | {
      readonly works: false;
      readonly reason: string;
      /** Whether the reason says what to do, as errors for users do. */
      readonly saysHint?: boolean;
    };

const [name, provider] = process.argv.slice(2) as [EngineName, ProviderName];
// Native libraries write to stdout and stderr; the answer is told from that by its mark.
process.stdout.write(`\nanswer:${JSON.stringify(await probe())}\n`, () => process.exit(0));

/** Runs 2 x [[1, 2], [3, 4]] @ [[5, 6], [7, 8]] and the gradient of its sum. */
async function probe(): Promise<ProbeAnswer> {
  const started = performance.now();
  try {
    // A missing library is an error of the import.
    const { createEngine } = await import('../../engine/create.js');
    // It is made below, afresh.
    process.env[deviceCheckSwitch] = 'off';
    const remarks: EngineRemark[] = [];
    const remark = (told: EngineRemark): number => remarks.push(told);
    const engine = await createEngine(name, { provider, threads: 1 }, { remark });
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
    const detail =
      engine.name === 'onnx' && provider !== 'cpu' ? await deviceDetail(engine, remarks) : undefined;
    const library = engine.tensorflow === undefined ? undefined : `TensorFlow ${engine.tensorflow}`;
    return {
      works: true,
      milliseconds: performance.now() - started,
      ...((detail ?? library) && { detail: detail ?? library }),
    };
  } catch (error) {
    const reason = messageOf(error).split('\n')[0]?.trim() ?? '';
    return { works: false, reason, saysHint: error instanceof UserError };
  }
}

/** @throws UserError naming the operators of our programs that part from the processor */
async function deviceDetail(engine: Engine, remarks: readonly EngineRemark[]): Promise<string> {
  const differences = await deviceDifferences(engine, { again: true });
  if (differences.length > 0) throw wrongDevice(engine.provider, differences);
  const equal = `${onnxOperators.length} operators equal to the processor's`;
  const slower = remarks.filter(({ kind }) => kind === 'without kernels').map(remarkText);
  return [engine.device, equal, ...slower].filter((text) => text !== undefined).join(', ');
}

/** @file Programs whose runs go on side by side: each on a thread of its own, with one processor. */

import type { HostTensor } from '../base/host-tensor.js';
import { startThreads, type Threads } from '../base/threads.js';
import type { Program, ProgramOptions, TensorFunction } from './engine.js';
import { inputCheck, signatureOf } from './inputs.js';
import { lowerToOnnx, specsOf } from './lower.js';
import type { Tensor } from './ops.js';
import type { SessionRequest } from './session-thread.js';
import { nest, type ToHost, type Tree } from './tree.js';

/**
 * The program, with its threads.
 * @param count threads
 * @returns undefined where there is but one, and where no thread can be started
 */
export function sideBySideProgram<In extends Tree<Tensor>, Out extends Tree<Tensor>>(
  fn: TensorFunction<In, Out>,
  options: ProgramOptions,
  count: number,
): Program<In, Out> | undefined {
  if (count < 2) return undefined;
  const threads: Threads<SessionRequest, HostTensor[]> | undefined = startThreads(
    new URL('./session-thread.js', import.meta.url),
    count,
  );
  if (threads === undefined) return undefined;
  const check = inputCheck(options.name);
  const models = new Map<string, ReturnType<typeof lowerToOnnx>>();
  return {
    run: async (inputs) => {
      const tree = inputs as Tree<HostTensor>;
      const leaves = check.leavesOf(tree);
      const signature = signatureOf(leaves);
      const { bytes, outputs } = models.get(signature) ?? lowerToOnnx(fn, specsOf(tree), options);
      models.set(signature, { bytes, outputs });
      check.expect(leaves);
      const request = { signature, model: bytes, inputs: leaves, outputs };
      const results = await threads.run(request, ownBuffers(leaves));
      return nest(outputs.map((path, i) => [path, results[i] as HostTensor])) as ToHost<Out>;
    },
    dispose: () => threads.close(),
  };
}

/** The buffers that one input alone fills. */
function ownBuffers(leaves: readonly (readonly [string, HostTensor])[]): ArrayBuffer[] {
  const users = new Map<ArrayBufferLike, number>();
  for (const [, { data }] of leaves) users.set(data.buffer, (users.get(data.buffer) ?? 0) + 1);
  return leaves.flatMap(([, { data }]) =>
    data.buffer instanceof ArrayBuffer &&
    data.byteLength === data.buffer.byteLength &&
    users.get(data.buffer) === 1
      ? [data.buffer]
      : [],
  );
}

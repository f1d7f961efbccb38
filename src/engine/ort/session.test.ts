/** @file What runs of sessions leave behind: nothing. */
import { expect, it } from 'vitest';
import { float32 } from '../../base/host-tensor.js';
import { onnxEngine } from '../onnx.js';
import * as tf from '../ops.js';

it('outputs that the runtime made are released once they are copied', async () => {
  const engine = await onnxEngine({ provider: 'cpu', threads: 1 });
  const program = engine.compile(({ x }: { readonly x: tf.Tensor }) => ({ y: tf.add(x, 1) }), {
    name: 'more',
    dynamicAxes: { x: 0 },
  });
  const run = async (times: number): Promise<void> => {
    // 4 MB each.
    for (let i = 0; i < times; i++) await program.run({ x: float32([2 ** 20 + i]) });
  };
  await run(5);
  const before = process.memoryUsage.rss();
  await run(150);
  await program.dispose();
  expect((process.memoryUsage.rss() - before) / 2 ** 20).toBeLessThan(300);
});

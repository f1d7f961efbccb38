/** @file What runs of sessions leave behind: nothing. */
import { afterEach, expect, it, vi } from 'vitest';
import { float32 } from '../../base/host-tensor.js';
import { lowerToOnnx } from '../lower.js';
import { onnxEngine } from '../onnx.js';
import * as tf from '../ops.js';
import { npmOrt, type OrtLibrary } from './library.js';
import { createOrtSession } from './session.js';

afterEach(() => {
  vi.restoreAllMocks();
});

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

it.skipIf(npmOrt() === undefined)('a session that is released twice is released once', async () => {
  const library = npmOrt() as OrtLibrary;
  const model = lowerToOnnx(
    ({ x }: { readonly x: tf.Tensor }) => ({ y: tf.add(x, 1) }),
    { x: { dtype: 'float32', shape: [1] } },
    { name: 'more' },
  );
  const session = await createOrtSession(library, model, { threads: 1 });
  const released = vi.spyOn(library.api, 'release');
  session.release();
  session.release();
  expect(released.mock.calls.filter(([name]) => name === 'ReleaseSession')).toEqual([
    ['ReleaseSession', session.address],
  ]);
});

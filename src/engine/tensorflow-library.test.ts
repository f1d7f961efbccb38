/** @file TensorFlow's library: what is imported and what is not, how its complaints read; with it installed, what it obeys and says. */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { libraryFolder } from '../base/native-library.js';
import { compileEntry } from '../cli/entry.fixture.js';
import { createEngine } from './create.js';
import * as tf from './ops.js';
import { readableComplaint } from './tensorflow-library.js';

const cache = mkdtempSync(join(tmpdir(), 'ehmam-tensorflow-'));
afterEach(() => {
  vi.unstubAllEnvs();
});
afterAll(() => rmSync(cache, { recursive: true }));

/** Where a package would be installed, with an addon that is none. */
function madeUpPackage(name: '@tensorflow/tfjs-node' | '@tensorflow/tfjs-node-gpu'): void {
  const folder = join(libraryFolder(name), 'node_modules', name);
  mkdirSync(join(folder, 'lib/napi-v8'), { recursive: true });
  mkdirSync(join(folder, 'dist'));
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ name, version: '4.22.0', main: 'dist/index.js' }),
  );
  writeFileSync(join(folder, 'dist/index.js'), `globalThis.imported = '${name}';`);
  writeFileSync(join(folder, 'lib/napi-v8/tfjs_binding.node'), 'no addon');
}

it('a package whose addon does not start is not imported, and the error names it', async () => {
  vi.stubEnv('EHMAM_CACHE', cache);
  madeUpPackage('@tensorflow/tfjs-node');
  madeUpPackage('@tensorflow/tfjs-node-gpu');
  await expect(createEngine('tensorflow')).rejects.toThrow(
    /^the engine tensorflow does not start on cpu \(@tensorflow\/tfjs-node: .*\)\. Use --engine onnx, or another library/,
  );
  await expect(createEngine('tensorflow', { provider: 'cuda' })).rejects.toThrow(
    /does not start on cuda \(@tensorflow\/tfjs-node-gpu: .*; @tensorflow\/tfjs-node: .*\)/,
  );
  expect(globalThis).not.toHaveProperty('imported');
});

it('WebGPU is refused', async () => {
  await expect(createEngine('tensorflow', { provider: 'webgpu' })).rejects.toThrow(
    'the engine tensorflow runs on cpu and cuda, not on webgpu',
  );
});

it('complaints of TensorFlow read as those of the compiling engine', () => {
  const status = 'Invalid TF_Status: 3\nMessage: ';
  expect(readableComplaint(`${status}Matrix size-incompatible: In[0]: [6,3], In[1]: [4,5] 0 0`)).toBe(
    'inner sizes of a product differ: [6, 3] and [4, 5]',
  );
  expect(readableComplaint(`${status}Incompatible shapes: [2] vs. [3]`)).toBe(
    'Incompatible shapes: [2] vs. [3]',
  );
  expect(readableComplaint('anything else')).toBe('anything else');
});

describe.runIf(process.env.EHMAM_TEST_TENSORFLOW)('with the library', async () => {
  const entry = await compileEntry();

  it('says its version, obeys and tells its threads, and leaves the default backend as it was', async () => {
    const before = tf.getBackend();
    const engine = await createEngine('tensorflow', { threads: 1 });
    expect(engine).toMatchObject({
      name: 'tensorflow',
      provider: 'cpu',
      threads: 1,
      tensorflow: expect.stringMatching(/^\d+\.\d+\.\d+/),
    });
    expect(tf.getBackend() || 'cpu').toBe(before || 'cpu');
    // Another number comes too late for this process, and is not claimed.
    expect((await createEngine('tensorflow', { threads: 3 })).threads).toBe(1);
    expect(process.env.CUDA_VISIBLE_DEVICES).toBeUndefined();
  });

  it('writes nothing of its own, and doctor names its version', async () => {
    const probe = [entry.compiled('src/cli/doctor/probe.js'), 'tensorflow', 'cpu'];
    const { stdout, stderr } = await promisify(execFile)(process.execPath, probe);
    expect(stderr).toBe('');
    expect(JSON.parse(/^answer:(.*)$/m.exec(stdout)?.[1] ?? '')).toMatchObject({
      works: true,
      detail: expect.stringMatching(/^TensorFlow \d+\.\d+\.\d+/),
    });
  });

  it('uses as many threads as it is told', async () => {
    const [create, ops] = ['create', 'ops'].map((name) =>
      JSON.stringify(entry.compiled(`src/engine/${name}.js`)),
    );
    const script = `
      const { createEngine } = await import(${create});
      const tf = await import(${ops});
      const engine = await createEngine('tensorflow', { threads: Number(process.argv[1]) });
      const x = { dtype: 'float32', shape: [300, 300], data: new Float32Array(90000).fill(1) };
      await engine.compile(({ x }) => ({ y: tf.matMul(x, x) }), { name: 'product' }).run({ x });
      console.log((await import('node:fs')).readdirSync('/proc/self/task').length);`;
    const count = async (threads: number): Promise<number> => {
      const words = ['--input-type=module', '-e', script, String(threads)];
      const { stdout } = await promisify(execFile)(process.execPath, words);
      return Number(stdout);
    };
    expect((await count(6)) - (await count(2))).toBe(4);
  });
});

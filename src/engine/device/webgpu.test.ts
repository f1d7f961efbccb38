/** @file What WebGPU says where there is no GPU, in a process of its own: a library that was loaded keeps the drivers that it found. */
import { expect, it } from 'vitest';
import { createEngine } from '../create.js';
import { npmOrt } from '../ort/library.js';

// Where drivers are looked for is an environment variable on Linux alone.
it.skipIf(process.platform !== 'linux')('a machine without a driver is told so in one line', async () => {
  process.env.VK_ICD_FILENAMES = '/no/driver.json';
  const reason =
    npmOrt() === undefined
      ? 'the provider webgpu needs the package koffi, which cannot be loaded here'
      : 'the provider webgpu cannot be used on this machine (Failed to get a WebGPU adapter: No supported adapters)';
  const failed: unknown = await createEngine('onnx', { provider: 'webgpu' }).catch((error: unknown) => error);
  expect(String(failed)).toContain(reason);
  expect(String(failed)).not.toContain('\n');
});

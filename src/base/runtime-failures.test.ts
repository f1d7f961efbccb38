/** @file What is said where memory ran out, and where a device is lost. */
import { describe, expect, it } from 'vitest';
import { UserError } from './errors.js';
import { sayingWhatToDo } from './runtime-failures.js';

const failing = (provider: string, error: unknown): Promise<unknown> =>
  sayingWhatToDo({ provider }, { lower: 'Lower batch.size', again: 'Run it again' }, () =>
    Promise.reject(error),
  );

describe('an error of a runtime that ran out of memory', () => {
  it.each([
    "student step failed: Non-zero status code returned while running Gemm node. Name:'x' Status Message: Failed to allocate memory for requested buffer of size 1207959552",
    'CUDA out of memory. Tried to allocate 2.00 GiB',
    'CUDA error 2: out of memory',
    'CUDA failure 2: out of memory ; GPU=0 ; hostname=node1',
    'Available memory of 1024 is smaller than requested bytes of 4096',
    'std::bad_alloc',
  ])('says what to lower: %s', async (text) => {
    const [first] = text.split('\n');
    await expect(failing('cuda', new Error(text))).rejects.toMatchObject({
      exitCode: 1,
      message: `ran out of memory of the device (${first}). Lower batch.size, or allow more with --device-memory where that bounds it`,
    });
    await expect(failing('cpu', new Error(text))).rejects.toThrow(
      `ran out of memory (${first}). Lower batch.size`,
    );
  });

  it('is not seen in other errors, nor in those that say what to do', async () => {
    const others = [
      new Error('CUDA error 209: no kernel image'),
      new UserError('out of memory'),
      new Error('x'),
    ];
    for (const error of others) await expect(failing('cuda', error)).rejects.toBe(error);
    expect(await sayingWhatToDo({ provider: 'cpu' }, { lower: '', again: '' }, async () => 3)).toBe(3);
  });
});

describe('an error of a device that is lost', () => {
  it.each([
    'cudaDeviceSynchronize: unspecified launch failure',
    'cudaMemcpy: an illegal memory access was encountered',
    'student step failed: CUDA failure 719: unspecified launch failure ; GPU=0 ; hostname=node1',
    'CUDNN failure 5000: CUDNN_STATUS_EXECUTION_FAILED',
    'cudaMalloc: uncorrectable ECC error encountered\nmore',
    'A valid external Instance reference no longer exists: [Device] is lost, device was lost',
  ])('says so and what to do: %s', async (text) => {
    const [first] = text.split('\n');
    await expect(failing('cuda', new Error(text))).rejects.toMatchObject({
      exitCode: 1,
      message: `the device stopped working (${first}). Run it again. The system's log says why (NVIDIA: look for Xid in \`dmesg\`)`,
    });
    // The processor is not lost.
    await expect(failing('cpu', new Error(text))).rejects.toThrow(text);
  });
});

/** @file What is said where memory ran out. */
import { describe, expect, it } from 'vitest';
import { UserError } from './errors.js';
import { sayingWhatToLower } from './out-of-memory.js';

const failing = (provider: string, error: unknown): Promise<unknown> =>
  sayingWhatToLower({ provider }, 'Lower batch.size', () => Promise.reject(error));

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
    expect(await sayingWhatToLower({ provider: 'cpu' }, '', async () => 3)).toBe(3);
  });
});

/** @file A training that has left the finite numbers is stopped, and the first culprit is named. */
import { expect, it } from 'vitest';
import { UserError } from '../base/errors.js';
import { float32 } from '../base/host-tensor.js';
import { requireFinite } from './health.js';

it('finite measures pass, and no tensor is read', async () => {
  const read = (): never => {
    throw new Error('read');
  };
  await requireFinite({ loss: 1, gradientNorm: 0 }, 3, { teacher: read });
});

it.each([Number.NaN, Number.POSITIVE_INFINITY])(
  '%s is an error that names the first tensor',
  async (value) => {
    const suspects = {
      teacher: () => ({ a: float32([2], [1, 2]) }),
      student: async () => ({ b: float32([1], [0]), c: float32([2], [1, value]) }),
    };
    const checked = requireFinite({ loss: 1, gradientNorm: value }, 3, suspects);
    await expect(checked).rejects.toBeInstanceOf(UserError);
    await expect(checked).rejects.toMatchObject({
      exitCode: 1,
      message: `gradientNorm is ${value} at step 3 (first tensor with NaN or infinity: student c); the last checkpoint is kept. Lower the learning rate, or resume from the checkpoint`,
    });
    await expect(requireFinite({ loss: value }, 4)).rejects.toThrow(`loss is ${value} at step 4; the last`);
  },
);

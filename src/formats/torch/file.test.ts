import { access, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { UserError } from '../../base/errors.js';
import type { HostTensor } from '../../base/host-tensor.js';
import { withTorchFile } from './file.js';
import { isFloating, isTorchTensor } from './tensor.js';

// Made by test/fixtures/scripts/torch_files.py, which says what each tensor is.
const made = 'test/fixtures/torch-files';
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-torch-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Every floating point tensor of a saved dictionary, and its other values. */
const readEverything = (file: string) =>
  withTorchFile(file, async ({ root, read }) => {
    const tensors: Record<string, HostTensor> = {};
    const others: Record<string, unknown> = {};
    for (const [name, value] of root instanceof Map ? root : []) {
      if (isTorchTensor(value) && isFloating(value)) tensors[name] = await read(value);
      else others[name] = value;
    }
    return { tensors, others };
  });

const write = async (name: string, bytes: Uint8Array): Promise<string> => {
  const file = join(folder, name);
  await writeFile(file, bytes);
  return file;
};

describe.each(['values.pt', 'values-legacy.pt'])('%s', async (name) => {
  const { tensors, others } = await readEverything(join(made, name));
  const valuesOf = (tensor: string): number[] => [...(tensors[tensor] as HostTensor).data];
  const shapeOf = (tensor: string): readonly number[] => (tensors[tensor] as HostTensor).shape;

  it('gives float32 as it is and float64 rounded to it', () => {
    expect(shapeOf('float32')).toEqual([2, 2]);
    expect(valuesOf('float32')).toEqual([1.5, -2, 0.1, 3e38].map(Math.fround));
    expect(valuesOf('float64')).toEqual([0.1, -1e-3].map(Math.fround));
  });

  it('widens float16 and bfloat16: normal, subnormal, large, infinite', () => {
    expect(valuesOf('float16')).toEqual([1.5, -2, 2 ** -24, 65504, Number.NEGATIVE_INFINITY]);
    // bfloat16 keeps 8 bits: 3e38 is 225.7 * 2^120.
    expect(valuesOf('bfloat16')).toEqual([1.5, -2, 2 ** -126, 226 * 2 ** 120, Number.POSITIVE_INFINITY]);
  });

  it('reads views in the order of their strides', () => {
    // count[i][j][k] = 12 i + 4 j + k
    const permuted = [0, 1, 2, 3].flatMap((k) =>
      [0, 1].flatMap((i) => [0, 1, 2].map((j) => 12 * i + 4 * j + k)),
    );
    expect(shapeOf('transposed')).toEqual([4, 2, 3]);
    expect(valuesOf('transposed')).toEqual(permuted);
    expect(shapeOf('every second')).toEqual([2, 2, 2]);
    expect(valuesOf('every second')).toEqual([1, 2, 9, 10, 13, 14, 21, 22]);
    expect(shapeOf('transposed bfloat16')).toEqual([4, 3]);
    expect(valuesOf('transposed bfloat16')).toEqual([12, 16, 20, 13, 17, 21, 14, 18, 22, 15, 19, 23]);
    expect(valuesOf('expanded')).toEqual([7, 7, 7, 8, 8, 8]);
  });

  it('reads parts of one storage, each in memory of its own', () => {
    expect(valuesOf('first part')).toEqual([0, 1, 2, 3]);
    expect(valuesOf('last part')).toEqual([6, 7, 8, 9]);
    expect((tensors['last part'] as HostTensor).data.buffer.byteLength).toBe(16);
  });

  it('knows scalars, empty tensors and parameters', () => {
    expect([shapeOf('scalar'), valuesOf('scalar')]).toEqual([[], [0.25]]);
    expect([shapeOf('empty'), valuesOf('empty')]).toEqual([[0, 3], []]);
    expect(valuesOf('parameter')).toEqual([9]);
  });

  it('keeps the settings beside the tensors', () => {
    expect(others.others).toEqual(
      new Map<string, unknown>([
        ['size', [2, 3]],
        ['namespace', { rate: 0.5, nested: { deep: [1, [2, null, true]] } }],
        ['large', -(2 ** 31)],
        ['text', 'é'],
      ]),
    );
  });

  it('refuses integers where weights are wanted', async () => {
    const file = join(made, name);
    const reading = withTorchFile(file, ({ root, read }) =>
      read((root as Map<string, never>).get('int64') as never),
    );
    await expect(reading).rejects.toThrow(/values.*\.pt: contains a tensor of type LongStorage/);
  });

  it('cut short anywhere, is one error of one line', async () => {
    const whole = await readFile(join(made, name));
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), async (length) => {
        const file = await write(`cut-${name}`, whole.subarray(0, length));
        const error: unknown = await readEverything(file).catch((thrown: unknown) => thrown);
        expect(error).toBeInstanceOf(UserError);
        expect((error as UserError).message).not.toContain('\n');
      }),
      { numRuns: 30, examples: [[0], [3], [14], [15], [16]] },
    );
  });

  it('with a byte changed, is read or is one error', async () => {
    const whole = await readFile(join(made, name));
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.nat(255), async (at, byte) => {
        const bytes = Uint8Array.from(whole);
        bytes[at] = byte;
        const file = await write(`changed-${name}`, bytes);
        const result: unknown = await readEverything(file).catch((thrown: unknown) => thrown);
        if (result instanceof Error) expect(result).toBeInstanceOf(UserError);
      }),
      { numRuns: 60 },
    );
  });
});

describe.each(['beside.pt', 'beside-4.pt'])('%s', (name) => {
  it('gives the weights, and passes over what lies beside them: arrays, sets, types, devices, dates', async () => {
    const { tensors, others } = await readEverything(join(made, name));
    expect([...(tensors.weight as HostTensor).data]).toEqual([1.5, -2]);
    expect([...(tensors.last as HostTensor).data]).toEqual([3]);
    expect(others.set).toEqual([1]);
    expect(others.frozen).toEqual(['a']);
    expect(others.default).toEqual(new Map([['k', [1]]]));
    expect(others.array).toMatchObject({ passedOver: expect.stringContaining('_reconstruct') });
  });

  it("gives OmegaConf's settings as plain ones", async () => {
    const { others } = await readEverything(join(made, name));
    const cfg = others.cfg as Map<string, unknown>;
    expect(cfg.get('seed')).toBe(7);
    const model = cfg.get('model') as Map<string, unknown>;
    expect(model.get('depth')).toBe(3);
    expect([...(model.get('rates') as number[])]).toEqual([0.5, 1]);
  });
});

it('of newer versions of torch too, with integers of any size, and not a word on the console', async () => {
  const spies = [vi.spyOn(console, 'error'), vi.spyOn(console, 'warn'), vi.spyOn(console, 'log')];
  const { tensors, others } = await readEverything(join(made, 'beside-new.pt'));
  for (const spy of spies) {
    expect(spy).not.toHaveBeenCalled();
    spy.mockRestore();
  }
  const values = ['weight', 'buffer', 'parameter', 'last'].map((name) => [
    ...(tensors[name] as HostTensor).data,
  ]);
  expect(values).toEqual([[1.5, -2], [4, 5], [6], [3]]);
  // The largest integer that is told from its neighbours stands for all beyond.
  expect([others.large, others.seed]).toEqual([2 ** 53 - 1, 2 ** 53 - 1]);
  expect(others.module).toMatchObject({ passedOver: 'torch.nn.modules.linear.Linear' });
});

describe('what is not a checkpoint', () => {
  it.each([
    ['hostile-0.pt', 'builtins.eval'],
    ['hostile-1.pt', 'numpy.load'],
    ['hostile-2.pt', 'torch.load'],
    ['hostile-3.pt', 'torch.hub.load'],
  ])('%s is refused, since %s could act', async (name, called) => {
    await expect(readEverything(join(made, name))).rejects.toThrow(`its pickle refers to ${called}`);
  });

  it.each(['hostile.pt', 'hostile-legacy.pt'])(
    '%s is refused by the name it calls, and runs nothing',
    async (name) => {
      await expect(readEverything(join(made, name))).rejects.toThrow(
        /hostile.*\.pt: its pickle refers to posix\.system.*No code from it was run/,
      );
      await expect(access('ehmam-was-here')).rejects.toThrow('ENOENT');
    },
  );

  it('a zip file of something else says that torch did not write it', async () => {
    await expect(readEverything(join(made, 'other.zip'))).rejects.toThrow(
      /other\.zip: is a zip file, but not a torch checkpoint: data\.pkl is missing/,
    );
  });

  it('a text, an empty file, and a pickle by itself are no torch checkpoint', async () => {
    const texts = {
      'a.txt': 'hello',
      'empty.pt': '',
      'plain.pkl': '\x80\x02}q\x00X\x01\x00\x00\x00aq\x01K\x01s.',
    };
    for (const [name, text] of Object.entries(texts)) {
      const file = await write(name, Buffer.from(text, 'latin1'));
      await expect(readEverything(file)).rejects.toThrow(`${name}: is not a torch checkpoint`);
    }
  });

  it('a missing file cannot be opened', async () => {
    await expect(readEverything(join(folder, 'nowhere.pt'))).rejects.toThrow(/nowhere\.pt: cannot be opened/);
  });
});

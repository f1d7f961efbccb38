/** @file Masking strategies from modules: loaded from a path or a package, and checked at every step. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { randomStream } from '../base/random.js';
import {
  choosing,
  findMasking,
  type MaskRequest,
  maskDefaults,
  maskings,
} from '../pretrain/masking/index.js';
import { loadMaskings } from './maskings.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-plugins-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const source = (name: string, choose: string): string =>
  `export const maskings = [{ name: '${name}', about: 'a test', hardShare: () => 0.25, choose: ${choose} }];\n`;

/** The first half of every row. */
const firstHalf =
  '({ lengths }) => lengths.map((n) => Uint8Array.from({ length: n }, (_, t) => +(t < n / 2)))';

async function write(name: string, text: string): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, text);
  return file;
}

const request: MaskRequest = {
  predictedLoss: [new Float32Array(6), new Float32Array(6)],
  lengths: [6, 6],
  progress: 0,
  settings: maskDefaults,
  random: randomStream(1, 'plug-in'),
};

describe('a plug-in', () => {
  it('brings strategies by a path, which are then found and listed like built-in ones', async () => {
    const file = await write('half.mjs', source('first-half', firstHalf));
    expect((await loadMaskings([file])).map(({ name }) => name)).toEqual(['first-half']);
    expect([...maskings().keys()]).toContain('first-half');
    expect(choosing(findMasking('first-half'), request)).toEqual(
      Array(2).fill(Uint8Array.of(1, 1, 1, 0, 0, 0)),
    );
    await loadMaskings([file]);
  });

  it('brings strategies by the name of a package that is installed in the working folder', async () => {
    const place = join(folder, 'node_modules', 'masks-of-mine');
    await mkdir(place, { recursive: true });
    await writeFile(join(place, 'package.json'), '{"name":"masks-of-mine","main":"m.mjs"}');
    await writeFile(join(place, 'm.mjs'), source('mine', firstHalf));
    const here = vi.spyOn(process, 'cwd').mockReturnValue(folder);
    try {
      await loadMaskings(['masks-of-mine']);
    } finally {
      here.mockRestore();
    }
    expect(findMasking('mine').about).toBe('a test');
  });

  it.each([
    [
      'no-such-package-here',
      undefined,
      /the plug-in 'no-such-package-here' cannot be loaded .*Install the package/,
    ],
    ['./no-such-file.js', undefined, /'\.\/no-such-file\.js' cannot be loaded .*Check its path/],
    ['broken.mjs', 'export const = 1', /broken\.mjs' cannot be loaded/],
    [
      'none.mjs',
      'export const other = []',
      /none\.mjs' exports no masking strategies\. It must export an array/,
    ],
    [
      'half.mjs-no-choose.mjs',
      "export const maskings = [{ name: 'x', about: 'y', hardShare: () => 0 }]",
      /exports a masking strategy 'x' whose choose is no function/,
    ],
    [
      'taken.mjs',
      source('random', firstHalf),
      /taken\.mjs' brings the masking strategy 'random', which is built in/,
    ],
  ])('that cannot be used is an error that names it: %s', async (name, text, message) => {
    const module = text === undefined ? name : await write(name, text);
    await expect(loadMaskings([module])).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringMatching(message),
    });
  });
});

describe('a mask that is wrong is named with its strategy', () => {
  const row = (...bits: number[]): Uint8Array => Uint8Array.from(bits);
  it.each([
    ['no rows', 'masks', /'wrong' gave a wrong mask: it is no array of rows\. Each row is a Uint8Array/],
    ['a row too few', [row(1, 0, 0, 0, 0, 0)], /1 rows for 2 utterances/],
    ['numbers', [[1, 0, 0, 0, 0, 0], row(1, 0, 0, 0, 0, 0)], /row 0 is no Uint8Array/],
    ['short rows', [row(1, 0), row(1, 0)], /row 0 has 2 frames instead of 6/],
    ['twos', [row(2, 0, 0, 0, 0, 0), row(1, 0, 0, 0, 0, 0)], /row 0 holds other values than 0 and 1/],
    ['nothing masked', [row(0, 0, 0, 0, 0, 0), row(0, 0, 0, 0, 0, 0)], /row 0 masks no frame/],
    ['all masked', [row(1, 1, 1, 1, 1, 1), row(1, 1, 1, 1, 1, 1)], /row 0 masks all of its 6 frames/],
    [
      'unequal rows',
      [row(1, 0, 0, 0, 0, 0), row(1, 1, 0, 0, 0, 0)],
      /row 1 masks 2 frames and row 0 masks 1/,
    ],
  ])('%s', (_what, masks, message) => {
    const wrong = { name: 'wrong', about: '', hardShare: () => 0, choose: () => masks as Uint8Array[] };
    expect(() => choosing(wrong, request)).toThrow(message);
  });

  it('a frame behind the end of its row', () => {
    const shorter = { ...request, lengths: [6, 4] };
    const wrong = {
      name: 'wrong',
      about: '',
      hardShare: () => 0,
      choose: () => [row(1, 0, 0, 0, 0, 0), row(0, 0, 0, 0, 1, 0)],
    };
    expect(() => choosing(wrong, shorter)).toThrow(/row 1 masks frames behind its end \(4 frames\)/);
  });

  it('a strategy that throws', () => {
    const wrong = {
      name: 'wrong',
      about: '',
      hardShare: () => 0,
      choose: () => {
        throw new Error('no idea');
      },
    };
    expect(() => choosing(wrong, request)).toThrow("the masking strategy 'wrong' failed: no idea");
  });
});

/** @file The kernels as they are written for a device: their source run on the processor, and the PTX made of it. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { hostAccelerator } from '../device/accelerator.js';
import { npmOrt } from '../ort/library.js';
import { kernels } from './kernels.js';
import { kernelNames } from './launches.js';
import { expectRightKernels } from './self-test.js';

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

it('the PTX is of the source as it stands, and has every kernel', () => {
  const source = createHash('sha256')
    .update(readFileSync(here('kernels.cu')))
    .digest('hex');
  expect(readFileSync(here('kernels.ts'), 'utf8')).toContain(`kernels.cu ${source}`);
  for (const name of kernelNames) expect(kernels).toContain(`.visible .entry ${name}(`);
});

const library = npmOrt();
// Nobody but this test needs a compiler: where there is none, a device's own test at its start is left.
const hasCompiler = spawnSync('g++', ['--version']).status === 0;

it.skipIf(library === undefined || !hasCompiler)('their source computes what the host does', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ehmam-kernels-'));
  try {
    const file = join(folder, 'kernels.so');
    const options = ['-std=c++20', '-O1', '-ffp-contract=off', '-fPIC', '-shared', '-pthread'];
    const made = spawnSync('g++', [...options, here('kernels.fixture.cpp'), '-o', file]);
    expect(String(made.stderr)).toBe('');
    const host = hostAccelerator(library as NonNullable<typeof library>);
    const { foreign } = host.library;
    const parameters = ['const char *', 'void *', 'unsigned int', 'unsigned int'];
    const run = foreign.load(file).func('run', 'void', parameters);
    const started: string[] = [];
    expectRightKernels({
      ...host,
      launch: (kernel, table, { rows, blocks }) => {
        started.push(kernel);
        run(kernel, table, rows, blocks);
      },
    });
    expect(new Set(started)).toEqual(new Set(kernelNames));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

/** @file What shared libraries need: of one that is made here, and of the program that runs this. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { sharedObject } from '../engine/cuda/made-up.fixture.js';
import { neededBy } from './shared-object.js';

const folder = mkdtempSync(join(tmpdir(), 'ehmam-elf-'));
afterAll(() => rmSync(folder, { recursive: true }));

const written = (content: Buffer): string => {
  const file = join(folder, 'lib.so');
  writeFileSync(file, content);
  return file;
};

it('gives the names in their order', () => {
  expect(neededBy(written(sharedObject(['libb.so.2', 'liba.so.1'])))).toEqual(['libb.so.2', 'liba.so.1']);
});

it.runIf(process.platform === 'linux')('reads what a linker wrote', () => {
  expect(neededBy(process.execPath)).toContain('libc.so.6');
});

it('says of a file that it is cut off, or something else', () => {
  const whole = sharedObject(['liba.so.1']);
  expect(() => neededBy(written(whole.subarray(0, 150)))).toThrow(/is cut off$/);
  expect(() => neededBy(written(Buffer.alloc(200, 'x')))).toThrow(/is not a shared library$/);
});

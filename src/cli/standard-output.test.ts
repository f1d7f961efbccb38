/** @file Tests of stdout: a full disk is an error, a reader that leaves is none. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { compileEntry, type Entry } from './entry.fixture.js';

let entry: Entry;
let folder: string;
beforeAll(async () => {
  entry = await compileEntry();
  folder = mkdtempSync(join(tmpdir(), 'ehmam-stdout-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const runInto = (words: readonly string[], stdout: number) =>
  spawnSync(process.execPath, [entry.compiled('src/cli/main.js'), ...words], {
    stdio: ['ignore', stdout, 'pipe'],
    encoding: 'utf8',
  });

it.each([
  [['list', 'tasks']],
  [['list', 'tasks', '--json']],
  [['--help']],
  [['run', '--help']],
  [['--version']],
])('%j ends with 1 and one line where the disk is full', (words) => {
  const { status, stderr } = runInto(words, openSync('/dev/full', 'w'));
  expect(stderr).toMatch(/^ehmam: stdout: cannot be written \(ENOSPC.*\)\. The disk is full.*\n$/);
  expect(status).toBe(1);
});

it('writes all of a long text to a file', () => {
  const path = join(folder, 'out');
  const { status } = runInto(['run', '--help'], openSync(path, 'w'));
  expect(status).toBe(0);
  const piped = execFileSync(process.execPath, [entry.compiled('src/cli/main.js'), 'run', '--help']);
  expect(readFileSync(path).equals(piped)).toBe(true);
});

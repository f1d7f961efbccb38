/** @file The file that npm links as the command `ehmam`. */
import { spawnSync } from 'node:child_process';
import { cp, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

const command = fileURLToPath(new URL('./ehmam.js', import.meta.url));
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-command-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('it can be run, so that a link made before the program is built works afterwards', async () => {
  expect((await stat(command)).mode & 0o111).toBe(0o111);
});

test('where the program is not built, it says how to build it', async () => {
  const alone = join(folder, 'src/cli/ehmam.js');
  await cp(command, alone);
  const { status, stdout, stderr } = spawnSync(process.execPath, [alone, 'list'], { encoding: 'utf8' });
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr.trim()).toBe('ehmam: the program is not built. Hint: npm run build');
});

/** @file The demo, told which tasks: wrong names cost nothing. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { runDemo } from './demo.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-demo-'));
  vi.stubEnv('EHMAM_CACHE', join(folder, 'cache'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

it.each([
  ['kss', "the suite 'mini' has no task 'kss'. Did you mean 'ks'?"],
  ['er', "the suite 'mini' has no task 'er'"],
])('a task that it does not have (%s) is refused before anything is made', async (task, message) => {
  const { signal } = new AbortController();
  const options = {
    outFolder: join(folder, 'out'),
    steps: 1,
    tasks: ['ks', task],
    quiet: true,
    signal,
    say: vi.fn(),
  };
  await expect(runDemo(options)).rejects.toThrow(message);
  expect(['out', 'cache'].filter((name) => existsSync(join(folder, name)))).toEqual([]);
});

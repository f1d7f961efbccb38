/** @file What tests find made: the bundled parts of packages, and a folder for the compiled program, which the first test that runs it fills. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { TestProject } from 'vitest/node';

/** Makes the folder (under `dist`: git ignores it, and packages are found from there), and removes it when all tests have ended. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  await promisify(execFile)(process.execPath, [fileURLToPath(new URL('../src/bundle.mjs', import.meta.url))]);
  const dist = fileURLToPath(new URL('../dist/', import.meta.url));
  await mkdir(dist, { recursive: true });
  const folder = await mkdtemp(`${dist}.test-`);
  project.provide('compiledFolder', folder);
  return () => rm(folder, { recursive: true, force: true });
}

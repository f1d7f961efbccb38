/** @file A folder for the compiled program, which the first test that runs it fills for all. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';

/** Makes the folder (under `dist`: git ignores it, and packages are found from there), and removes it when all tests have ended. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dist = fileURLToPath(new URL('../dist/', import.meta.url));
  await mkdir(dist, { recursive: true });
  const folder = await mkdtemp(`${dist}.test-`);
  project.provide('compiledFolder', folder);
  return () => rm(folder, { recursive: true, force: true });
}

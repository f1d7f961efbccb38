/** @file How the tests on a real Slurm cluster run: on their own, one after the other; they need root and Slurm. */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/slurm/**/*.slurm.ts'],
    globalSetup: ['test/compiled.setup.ts'],
    pool: 'forks',
    maxWorkers: 1,
    testTimeout: 900_000,
    hookTimeout: 120_000,
  },
});

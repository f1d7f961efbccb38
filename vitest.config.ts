/** @file How the tests run: two workers at a time, patient with a busy machine. */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['{src,tasks,test,bench}/**/*.test.ts'],
    exclude: ['dist/**', 'node_modules/**'],
    globalSetup: ['test/compiled.setup.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Processes, not threads: ONNX Runtime's library is loaded and freed with its process.
    pool: 'forks',
    maxWorkers: 2,
  },
});

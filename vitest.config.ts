/** @file How the tests run: two workers at a time, patient with a busy machine. */
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/**
 * Files that replace modules, look at all that was registered, measure memory or load the program a second time: each has a
 * process of its own.
 * The others share the modules that a worker has loaded.
 */
const alone = [
  'src/engine/kernels/kernels.test.ts',
  'src/features/memory.test.ts',
  'src/features/trust.test.ts',
  'src/pretrain/full-disk.test.ts',
  'src/training/full-disk.test.ts',
  'test/concurrent.test.ts',
];

const common = {
  testTimeout: 60_000,
  hookTimeout: 60_000,
  // Processes, not threads: ONNX Runtime's library is loaded and freed with its process.
  pool: 'forks',
} as const;

// As Node's resolution has it for plug-ins of a program that runs.
const resolve = { alias: { ehmam: fileURLToPath(new URL('src/index.ts', import.meta.url)) } };

export default defineConfig({
  test: {
    globalSetup: ['test/compiled.setup.ts'],
    maxWorkers: 2,
    projects: [
      {
        resolve,
        test: {
          ...common,
          name: 'together',
          isolate: false,
          include: ['{src,tasks,test,bench}/**/*.test.ts'],
          exclude: ['dist/**', 'node_modules/**', ...alone],
        },
      },
      { resolve, test: { ...common, name: 'alone', include: alone } },
    ],
  },
});

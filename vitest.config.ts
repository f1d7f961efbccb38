/** @file How the tests run: two workers at a time, patient with a busy machine. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const tests = '{src,tasks,test,bench}/**/*.test.ts';

/**
 * What leaves traces in a process, or looks for those of others: modules that are replaced, plug-ins and what else registers, the
 * compiled program beside the source, all that was registered, memory. Such files have a process each (one more says so in its
 * first line); the others share the modules that a worker has loaded, which are a fifth of the time.
 */
const traces =
  /vi\.(mock|resetModules)\(|\.register\(|loadPlugins\(|plugins: \[[^\]]|import\(\s*pathToFileURL|getKernelsForBackend|a process of its own/;
const alone = ['src', 'tasks', 'test', 'bench'].flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
    .filter((name) => traces.test(readFileSync(name, 'utf8'))),
);

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
          include: [tests],
          exclude: ['dist/**', 'node_modules/**', ...alone],
        },
      },
      { resolve, test: { ...common, name: 'alone', include: alone } },
    ],
  },
});

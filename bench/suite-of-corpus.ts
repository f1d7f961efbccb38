/** @file Runs a suite of the repository on a corpus that a script prepared. */
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runFromSuite, type SuiteRun } from '../src/cli/run/from-suite.js';
import { interruption } from './interruption.js';

/**
 * Puts a suite's file beside its manifests, where `ehmam run --suite` finds it too.
 * @param definition below `manifests/`
 * @returns the path of the copy
 */
export async function copySuite(definition: string, folder: string, name: string): Promise<string> {
  const copy = join(folder, name);
  // From the compiled file to the source's folder.
  await copyFile(fileURLToPath(new URL(`../../manifests/${definition}`, import.meta.url)), copy);
  return copy;
}

/** Runs all of a suite on the processor; an interruption sets the exit code. */
export async function runSuite(
  script: string,
  { suite, out, quiet }: { readonly suite: string; readonly out: string; readonly quiet: boolean },
): Promise<SuiteRun> {
  const result = await runFromSuite({
    suite,
    tasks: undefined,
    encoders: undefined,
    seeds: undefined,
    out,
    engine: { name: 'onnx', provider: 'cpu' },
    quiet,
    signal: interruption(script),
  });
  if (result.interrupted) process.exitCode = 130;
  return result;
}

/** @file The options that choose an engine. */

import { UserError } from '../base/errors.js';
import { type EngineName, engineNames, type ProviderName, providerNames } from '../engine/engine.js';

export const engineOptions = {
  engine: { choices: engineNames, default: 'onnx', describe: 'What runs the programs' },
  provider: { choices: providerNames, default: 'cpu', describe: 'Where the engine onnx runs them' },
  threads: { type: 'number', describe: 'Threads of the engine onnx (default: all cores)' },
} as const;

/**
 * What the options say.
 * @throws UserError for a number of threads that is none, and for options that the engine does not have
 */
export function engineSettings(args: {
  readonly engine: EngineName;
  readonly provider: ProviderName;
  readonly threads: number | undefined;
}): { readonly name: EngineName; readonly provider: ProviderName; readonly threads?: number } {
  const { engine: name, provider, threads } = args;
  if (threads !== undefined && !(Number.isInteger(threads) && threads > 0)) {
    throw new UserError(`--threads ${threads} is no number of threads`, {
      hint: 'Give a whole number from 1',
    });
  }
  if (name !== 'onnx' && (provider !== 'cpu' || threads !== undefined)) {
    throw new UserError(`the engine ${name} has no --provider and no --threads`, {
      hint: 'Leave them out, or take --engine onnx',
    });
  }
  return { name, provider, ...(threads !== undefined && { threads }) };
}

/** How many jobs run at a time. */
export const jobsOption = {
  type: 'number',
  describe: 'Worker processes at a time (default: by processors and memory)',
} as const;

/** @throws UserError for a number of jobs that is none */
export function jobsOf(jobs: number | undefined): number | undefined {
  if (jobs === undefined || (Number.isInteger(jobs) && jobs > 0)) return jobs;
  throw new UserError(`--jobs ${jobs} is no number of jobs`, { hint: 'Give a whole number from 1' });
}

/** @file The options that choose an engine. */

import { UserError } from '../base/errors.js';
import { type EngineName, engineNames, type ProviderName, providerNames } from '../engine/engine.js';

export const engineOptions = {
  engine: { choices: engineNames, default: 'onnx', describe: 'Engine that runs the computations' },
  provider: { choices: providerNames, default: 'cpu', describe: 'Device of the engine onnx' },
  threads: { type: 'number', describe: 'Number of threads of the engine onnx (default: all cores)' },
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
    throw new UserError(`--threads ${threads}: expected a whole number, 1 or more`);
  }
  if (name !== 'onnx' && (provider !== 'cpu' || threads !== undefined)) {
    throw new UserError(`--provider and --threads do not apply to the engine ${name}`, {
      hint: 'Remove them, or use --engine onnx',
    });
  }
  return { name, provider, ...(threads !== undefined && { threads }) };
}

/** How many jobs run at a time. */
export const jobsOption = {
  type: 'number',
  describe: 'Number of worker processes (default: chosen from cores and memory)',
} as const;

/** @throws UserError for a number of jobs that is none */
export function jobsOf(jobs: number | undefined): number | undefined {
  if (jobs === undefined || (Number.isInteger(jobs) && jobs > 0)) return jobs;
  throw new UserError(`--jobs ${jobs}: expected a whole number, 1 or more`);
}

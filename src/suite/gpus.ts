/** @file The GPUs of jobs: how many each takes, and which of the machine's local workers use. */
import { UserError } from '../base/errors.js';
import { countOfDevices, hintOfDevices, visibleDevices } from '../engine/devices.js';
import type { Job, JobGraph } from './job.js';
import type { Suite } from './schema.js';

type SuiteEngine = Pick<JobGraph['engine'], 'provider'>;

/** @throws UserError for a kind of job that is to have no GPU where every job computes on one */
export function checkGpus({ resources = {} }: Pick<Suite, 'resources'>, { provider }: SuiteEngine): void {
  const without = Object.entries(resources).find(([, each]) => each?.gpus === 0)?.[0];
  if (without === undefined || provider !== 'cuda') return;
  throw new UserError(
    `resources.${without}.gpus is 0, but with --provider cuda every job computes on a GPU`,
    {
      hint: 'Remove it, or use --provider cpu',
    },
  );
}

/** The job with the GPU that it takes where nothing is said of any. */
export function withGpu<Each extends Job>(job: Each, { provider }: SuiteEngine): Each {
  if (provider !== 'cuda' || job.resources.gpus !== undefined) return job;
  return { ...job, resources: { ...job.resources, gpus: 1 } };
}

/**
 * The devices of local workers, one each: a job computes on the one of its worker.
 * @param wanted as the command line says it (default: all that are visible)
 * @returns undefined where jobs compute on the processor
 * @throws UserError for devices that this machine does not have, and where no job would use them
 */
export function devicesFor(
  { provider }: SuiteEngine,
  wanted: readonly number[] | undefined,
  count: () => number = visibleDevices,
): readonly number[] | undefined {
  if (provider !== 'cuda') {
    if (wanted === undefined) return undefined;
    throw new UserError('--devices needs jobs that compute on CUDA devices', { hint: 'Use --provider cuda' });
  }
  const there = count();
  // That there is none at all the engine says, with all it knows.
  if (wanted === undefined) return Array.from({ length: Math.max(1, there) }, (_, device) => device);
  const missing = wanted.find((device) => device >= there);
  if (missing === undefined) return wanted;
  throw new UserError(
    `--devices ${wanted.join(',')}: unknown device ${missing}, this machine has ${countOfDevices(there)}`,
    { hint: hintOfDevices(there) },
  );
}

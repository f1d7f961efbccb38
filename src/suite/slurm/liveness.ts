/** @file Which processes of a cluster live: those whose Slurm job does. */
import type { Liveness, LockOptions } from '../../base/lock.js';
import { runsInSlurm } from './commands.js';

/**
 * Tells by the Slurm job that a process runs in, and by how often that was started again.
 * @param runs whether a job runs; undefined where nobody knows
 */
export function slurmLiveness(runs: (job: string) => Promise<boolean | undefined> = runsInSlurm): Liveness {
  const own = (): { readonly slurmJob: string; readonly slurmRestart: string } | undefined => {
    const { SLURM_JOB_ID, SLURM_RESTART_COUNT = '0' } = process.env;
    return SLURM_JOB_ID === undefined
      ? undefined
      : { slurmJob: SLURM_JOB_ID, slurmRestart: SLURM_RESTART_COUNT };
  };
  return {
    own,
    async lives({ slurmJob, slurmRestart }) {
      if (slurmJob === undefined) return undefined;
      const here = own();
      if (slurmJob !== here?.slurmJob) return runs(slurmJob);
      // Slurm starts a job again only after its first run has ended.
      return slurmRestart === here.slurmRestart ? undefined : false;
    },
  };
}

/** The locks of a suite's work, on one machine or on a cluster. */
export const suiteLocks: LockOptions = { liveness: slurmLiveness() };

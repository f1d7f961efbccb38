import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../../base/errors.js';
import { type Lock, takeLock } from '../../base/lock.js';
import { logEvent, readEventsFrom } from '../events.js';
import type { Job, JobGraph } from '../job.js';
import type { RunReport, Watcher } from '../local.js';
import { noteFailure } from '../note-failure.js';
import { readDone, readFailed } from '../state.js';
import {
  checkSlurm,
  isQueued,
  largestArray,
  type QueueEntry,
  readAccounting,
  readQueue,
} from './commands.js';
import { entriesByKey, readSubmissions, type Submission, submitJobs } from './submissions.js';

export interface SlurmOptions {
  /** Leave the jobs in the queue and return. */
  readonly detach: boolean;
  readonly signal: AbortSignal;
  readonly watcher: Watcher;
  readonly say: (text: string) => void;
  /** What starts `ehmam` (default: this process's node and program). */
  readonly program?: readonly string[] | undefined;
}

/** How often a job is submitted that leaves the queue without a word. */
const mostTries = 3;
/** A job that left the queue has so many looks to show what came of it: files on shared disks appear late. */
const patienceLooks = 3;

/** Time between looks at the queue: often at first, seldom in a long run. */
const pauseMilliseconds = (looks: number): number => Math.min(15_000, 1000 + 20 * looks);

/**
 * Submits the jobs of a graph that are neither done nor queued, and waits until all are done, failed or blocked.
 * Interrupted, it leaves them in the queue.
 * @throws UserError where Slurm is not there or refuses
 */
export async function runOnSlurm(state: string, graph: JobGraph, options: SlurmOptions): Promise<RunReport> {
  await checkSlurm();
  const held: Lock[] = [];
  // Of several runs one submits, the others watch.
  const submits = async (): Promise<boolean> => {
    if (held.length > 0) return true;
    const lock = await takeLock(join(state, 'slurm', '.runner.lock'));
    if (lock !== undefined) held.push(lock);
    return lock !== undefined;
  };
  try {
    return await watch(state, graph, options, submits);
  } finally {
    for (const lock of held) await lock.release();
  }
}

async function watch(
  state: string,
  graph: JobGraph,
  options: SlurmOptions,
  submits: () => Promise<boolean>,
): Promise<RunReport> {
  const { detach, signal, watcher, say } = options;
  const largest = await largestArray();
  const program = options.program ?? [process.execPath, ...process.argv.slice(1, 2)];
  let place = (await readEventsFrom(state, 0)).place;
  const left = new Map(graph.jobs.map((job) => [job.key, job]));
  for (const key of readDone(state, graph.out, left.keys()).keys()) left.delete(key);
  const failedBefore = readFailed(state, left.keys());
  const failed = new Map<Job, string>();
  const tries = new Map<string, number>();
  const missed = new Map<string, number>();
  let done = 0;
  let silent = false;
  const report = (more: Partial<RunReport>): RunReport => ({
    done,
    failed: [...failed].map(([job, message]) => ({ job, message })),
    blocked: [],
    interrupted: false,
    ...more,
  });
  const fail = (job: Job, message: string): void => {
    left.delete(job.key);
    failed.set(job, message);
    watcher.failed(job, message);
  };
  /** Whether a job that is not queued has been so for long enough. */
  const isLost = ({ key }: Job): boolean => {
    const looks = (missed.get(key) ?? 0) + 1;
    missed.set(key, looks);
    return !tries.has(key) || looks >= patienceLooks;
  };

  for (let looks = 0; ; looks++) {
    const maySubmit = await submits();
    // Before what is done is looked up: a job that ends between the two is found in the queue still.
    const [submissions, queue] = [await readSubmissions(state), await readQueue()];
    if (queue === undefined && !silent) say("cannot read Slurm's queue; trying again");
    silent = queue === undefined;
    place = await tellEvents(state, place, left, watcher);
    for (const key of readDone(state, graph.out, left.keys()).keys()) {
      watcher.done(left.get(key) as Job);
      left.delete(key);
      done++;
    }
    const entries = entriesByKey(submissions, queue ?? []);
    const queued = new Map<string, string>();
    for (const [key, entry] of entries) if (isQueued(entry)) queued.set(key, entry.array);
    for (const key of queued.keys()) missed.delete(key);
    for (const [key, { message, failedAt }] of readFailed(state, left.keys()))
      if (failedAt !== failedBefore.get(key)?.failedAt && !queued.has(key))
        fail(left.get(key) as Job, message);
    // A controller that does not answer says nothing about the jobs.
    if (queue !== undefined) {
      const blocked = blockedBy(failed.keys(), left.values());
      const lost = [...left.values()].filter(
        (job) => maySubmit && !queued.has(job.key) && !blocked.has(job) && isLost(job),
      );
      const ends = await endsOf(lost, tries, entries, submissions);
      const again: Job[] = [];
      const coming = new Set(queued.keys());
      for (const job of lost) {
        const reason = whyNotAgain(job, ends.get(job.key), tries.get(job.key) ?? 0);
        if (reason !== undefined) fail(job, reason);
        else if (job.needs.every((key) => coming.has(key) || !left.has(key))) {
          again.push(job);
          coming.add(job.key);
        }
      }
      for (const job of lost) {
        const message = failed.get(job);
        if (message !== undefined) await noteFailure(state, job, message, say);
      }
      if (again.length > 0) {
        for (const job of again) {
          const { key, title, needs } = job;
          if (tries.has(key)) {
            logEvent(
              state,
              {
                event: 'retried',
                job: key,
                title,
                message: 'it disappeared from the queue before it finished',
              },
              say,
            );
            watcher.retried(job, 'it disappeared from the queue before it finished');
          }
          // Where what it needs was not done it could not but end.
          if (!tries.has(key) || !needs.some((need) => left.has(need)))
            tries.set(key, (tries.get(key) ?? 0) + 1);
          missed.delete(key);
        }
        await submitJobs(state, graph, again, { program, largestArray: largest, queued, say });
      }
      if (detach) return report({ queued: left.size });
      const stuck = blockedBy(failed.keys(), left.values());
      if (stuck.size === left.size) return report({ blocked: [...stuck] });
    }
    await sleep(pauseMilliseconds(looks), undefined, { signal }).catch(() => undefined);
    if (signal.aborted) {
      say("the jobs stay in Slurm's queue: run the same command to follow them, scancel to cancel them");
      return report({ interrupted: true });
    }
  }
}

/** Passes on what the jobs wrote into the event log. */
async function tellEvents(
  state: string,
  place: number,
  left: ReadonlyMap<string, Job>,
  watcher: Watcher,
): Promise<number> {
  const read = await readEventsFrom(state, place);
  for (const event of read.events) {
    const job = 'job' in event ? left.get(event.job) : undefined;
    if (job === undefined) continue;
    if (event.event === 'started') watcher.started(job);
    else if (event.event === 'progress') watcher.progress(job, event.share, event.note);
    else if (event.event === 'interrupted') watcher.putBack(job);
  }
  return read.place;
}

/** The jobs that need one that failed, or one of those. */
function blockedBy(failed: Iterable<Job>, left: Iterable<Job>): ReadonlySet<Job> {
  const never = new Set([...failed].map(({ key }) => key));
  const blocked = new Set<Job>();
  // Jobs stand after those they need.
  for (const job of left) {
    if (!job.needs.some((key) => never.has(key))) continue;
    never.add(job.key);
    blocked.add(job);
  }
  return blocked;
}

/** How jobs that were submitted before left the queue, as far as Slurm knows. */
async function endsOf(
  lost: readonly Job[],
  tries: ReadonlyMap<string, number>,
  entries: ReadonlyMap<string, QueueEntry>,
  submissions: readonly Submission[],
): Promise<ReadonlyMap<string, QueueEntry>> {
  const unknown = new Set(lost.map(({ key }) => key).filter((key) => tries.has(key) && !entries.has(key)));
  if (unknown.size === 0) return entries;
  const asked = submissions.filter(({ keys }) => keys.some((key) => unknown.has(key)));
  const accounted = entriesByKey(asked, await readAccounting(asked.map(({ id }) => id)));
  return new Map([...accounted, ...entries]);
}

/** Why a job that left the queue unfinished is not submitted again; undefined if it is. */
function whyNotAgain(job: Job, end: QueueEntry | undefined, tried: number): string | undefined {
  if (tried === 0) return undefined;
  const state = end?.state ?? 'unknown';
  const resources = `resources.${job.kind}`;
  const hint =
    state === 'OUT_OF_MEMORY'
      ? `Increase ${resources}.memory in the suite`
      : state === 'TIMEOUT' || state === 'DEADLINE'
        ? `Increase ${resources}.time in the suite`
        : state === 'CANCELLED'
          ? 'Run the same command to submit it again'
          : undefined;
  if (hint !== undefined) return new UserError(`Slurm ended the job (state ${state})`, { hint }).message;
  if (tried < mostTries) return undefined;
  return new UserError(
    `the job disappeared from Slurm's queue ${tried} times before it finished (last state: ${state})`,
    {
      hint: `See the logs in the folder of the scripts`,
    },
  ).message;
}

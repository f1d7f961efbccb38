/** @file What was submitted to Slurm: scripts to read, and which element of which array does which job. */
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { cannotWrite, systemCode, writeFileAtomic } from '../../base/files.js';
import type { Job, JobGraph } from '../job.js';
import { outcomeExitCodes } from '../work.js';
import { planArrays } from './arrays.js';
import { isQueued, type QueueEntry, readAccounting, readQueue, submit } from './commands.js';
import { listText, scriptText } from './script.js';

const submissionSchema = z.strictObject({
  /** The array's job id. */
  id: z.string(),
  name: z.string(),
  submittedAt: z.string(),
  /** Element i does the job with the i-th key. */
  keys: z.array(z.string()),
});

export type Submission = Readonly<z.infer<typeof submissionSchema>>;

const slurmFolder = (state: string): string => join(state, 'slurm');

/** Every submission of a state folder, oldest first. */
export async function readSubmissions(state: string): Promise<Submission[]> {
  const folder = join(slurmFolder(state), 'submitted');
  const found: Submission[] = [];
  for (const name of await readdir(folder).catch(() => [])) {
    if (!name.endsWith('.json') || name.startsWith('.')) continue;
    const parsed = submissionSchema.safeParse(JSON.parse(await readFile(join(folder, name), 'utf8')));
    if (parsed.success) found.push(parsed.data);
  }
  return found.sort((a, b) => (a.submittedAt < b.submittedAt ? -1 : 1));
}

/** The last that Slurm knows of each job, by key; a job that is queued anywhere is queued. */
export function entriesByKey(
  submissions: readonly Submission[],
  entries: readonly QueueEntry[],
): ReadonlyMap<string, QueueEntry> {
  const known = new Map(entries.map((entry) => [`${entry.array}_${entry.index}`, entry]));
  const byKey = new Map<string, QueueEntry>();
  for (const { id, keys } of submissions) {
    for (const [index, key] of keys.entries()) {
      const entry = known.get(`${id}_${index}`);
      const before = byKey.get(key);
      if (entry !== undefined && !(before !== undefined && isQueued(before))) byKey.set(key, entry);
    }
  }
  return byKey;
}

export interface SubmitOptions {
  /** What starts `ehmam`: node and the program's file. */
  readonly program: readonly string[];
  readonly largestArray: number;
  /** Keys of jobs that are in the queue already, and the arrays they are in. */
  readonly queued: ReadonlyMap<string, string>;
  /** Told of every array. */
  readonly say: (text: string) => void;
}

/**
 * Submits jobs as arrays, each after those it needs. Scripts stay in `<state>/slurm/<number>/`.
 * @throws UserError with Slurm's reason; what was submitted before stays in the queue
 */
export async function submitJobs(
  state: string,
  graph: JobGraph,
  jobs: readonly Job[],
  options: SubmitOptions,
): Promise<void> {
  const { queued, say, program } = options;
  const folder = await newFolder(state);
  const ids = new Map<string, string>();
  for (const array of planArrays(jobs, new Set(queued.keys()), options.largestArray)) {
    const place = { state, folder, program, workingFolder: graph.folder, threads: graph.engine.threads };
    const script = join(folder, `${array.name}.sh`);
    await writeFileAtomic(join(folder, `${array.name}.list`), listText(array));
    await writeFileAtomic(script, scriptText(array, place, outcomeExitCodes.interrupted));
    const before = [
      ...array.after.flatMap((name) => ids.get(name) ?? []),
      ...array.outside.flatMap((key) => queued.get(key) ?? []),
    ];
    const id = await submit(script, [...new Set(before)]);
    ids.set(array.name, id);
    const submission: Submission = {
      id,
      name: array.name,
      submittedAt: new Date().toISOString(),
      keys: [...array.keys],
    };
    const path = join(slurmFolder(state), 'submitted', `${id}-${randomUUID().slice(0, 8)}.json`);
    await writeFileAtomic(path, `${JSON.stringify(submission)}\n`);
    say(`Slurm job ${id}: ${array.keys.length} ${array.kind} jobs (${script})`);
  }
}

/** The next number that no submission has. */
async function newFolder(state: string): Promise<string> {
  await mkdir(slurmFolder(state), { recursive: true }).catch((error: unknown) => {
    throw cannotWrite(slurmFolder(state), error);
  });
  for (let number = 1; ; number++) {
    const folder = join(slurmFolder(state), String(number));
    try {
      await mkdir(folder);
      return folder;
    } catch (error) {
      if (systemCode(error) !== 'EEXIST') throw cannotWrite(folder, error);
    }
  }
}

/** How an array stands: `2 RUNNING`, `5 PENDING (Resources)`. */
export interface ArrayStatus {
  readonly id: string;
  readonly name: string;
  readonly states: Readonly<Record<string, number>>;
}

/**
 * How the arrays stand that Slurm still knows, from its queue and its accounting.
 * @returns undefined where Slurm's queue cannot be read
 */
export async function arrayStatuses(state: string): Promise<ArrayStatus[] | undefined> {
  const submissions = await readSubmissions(state);
  if (submissions.length === 0) return [];
  const queue = await readQueue();
  if (queue === undefined) return undefined;
  const known = new Map(queue.map((entry) => [`${entry.array}_${entry.index}`, entry]));
  const gone = submissions.filter(({ id, keys }) => keys.some((_, i) => !known.has(`${id}_${i}`)));
  for (const entry of await readAccounting(gone.map(({ id }) => id))) {
    const name = `${entry.array}_${entry.index}`;
    if (!known.has(name)) known.set(name, entry);
  }
  return submissions.flatMap(({ id, name, keys }) => {
    const states: Record<string, number> = {};
    for (const [index] of keys.entries()) {
      const entry = known.get(`${id}_${index}`);
      if (entry === undefined) continue;
      const waits = entry.state === 'PENDING' && entry.reason !== '' && entry.reason !== 'None';
      const text = waits ? `${entry.state} (${entry.reason})` : entry.state;
      states[text] = (states[text] ?? 0) + 1;
    }
    return Object.keys(states).length === 0 ? [] : [{ id, name, states }];
  });
}

/** `features-0 (Slurm job 12): 2 running, 5 pending (Resources)` */
export function statusLine({ id, name, states }: ArrayStatus): string {
  const counts = Object.entries(states).map(([state, count]) => {
    const [word = '', ...reason] = state.split(' ');
    return [count, word.toLowerCase().replaceAll('_', ' '), ...reason].join(' ');
  });
  return `${name} (Slurm job ${id}): ${counts.join(', ')}`;
}

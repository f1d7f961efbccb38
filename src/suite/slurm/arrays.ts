/** @file Jobs of a graph as Slurm job arrays: one a kind and level of dependency, split where Slurm bounds its size. */
import type { Job } from '../job.js';

export type ArrayJob = Pick<Job, 'key' | 'kind' | 'needs' | 'resources'>;

export interface JobArray {
  /** Names its files: `features-0`. */
  readonly name: string;
  readonly kind: Job['kind'];
  readonly resources: Job['resources'];
  /** Element i does the job with the i-th key. */
  readonly keys: readonly string[];
  /** Names of the arrays, before it in the list, that must have ended. */
  readonly after: readonly string[];
  /** Jobs that it needs and that earlier arrays have in the queue. */
  readonly outside: readonly string[];
}

/**
 * Arrays of the jobs that are still to be done, each after those it depends on. A job waits for the whole arrays of the
 * jobs it needs to end, well or not: one that failed holds no other up than those that need it.
 * @param jobs in any order; needs that are not among them are done, or in `queued`
 * @param queued keys of jobs that earlier arrays have in the queue
 * @param largest the most elements of an array (Slurm's MaxArraySize)
 */
export function planArrays(
  jobs: readonly ArrayJob[],
  queued: ReadonlySet<string>,
  largest: number,
): JobArray[] {
  const levels = levelsOf(jobs);
  const levelOf = ({ key }: ArrayJob): number => levels.get(key) ?? 0;
  const groups = new Map<string, ArrayJob[]>();
  for (const job of [...jobs].sort((a, b) => levelOf(a) - levelOf(b))) {
    const name = JSON.stringify([levelOf(job), job.kind, job.resources]);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [job]);
    else group.push(job);
  }
  const arrays: JobArray[] = [];
  const homes = new Map<string, string>();
  const counts = new Map<string, number>();
  for (const group of groups.values()) {
    for (let start = 0; start < group.length; start += largest) {
      const part = group.slice(start, start + largest);
      const [first] = part as [ArrayJob];
      const stem = `${first.kind}-${levelOf(first)}`;
      const count = (counts.get(stem) ?? 0) + 1;
      counts.set(stem, count);
      const name = count === 1 ? stem : `${stem}-${count}`;
      const needs = [...new Set(part.flatMap((job) => job.needs))];
      arrays.push({
        name,
        kind: first.kind,
        resources: first.resources,
        keys: part.map(({ key }) => key),
        after: [...new Set(needs.flatMap((key) => homes.get(key) ?? []))],
        outside: needs.filter((key) => !homes.has(key) && queued.has(key)),
      });
      for (const { key } of part) homes.set(key, name);
    }
  }
  return arrays;
}

/** How many jobs stand one after the other before each. */
function levelsOf(jobs: readonly ArrayJob[]): ReadonlyMap<string, number> {
  const byKey = new Map(jobs.map((job) => [job.key, job]));
  const levels = new Map<string, number>();
  const levelOf = (job: ArrayJob): number => {
    const known = levels.get(job.key);
    if (known !== undefined) return known;
    const before = job.needs.flatMap((key) => byKey.get(key) ?? []);
    const level = before.reduce((most, each) => Math.max(most, levelOf(each) + 1), 0);
    levels.set(job.key, level);
    return level;
  };
  for (const job of jobs) levelOf(job);
  return levels;
}

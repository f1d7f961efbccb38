/** @file Jobs of a graph as Slurm job arrays: one a kind and level of dependency, split where Slurm bounds its size. */

/** What a job asks of a node. */
export interface Resources {
  readonly cpus?: number | undefined;
  /** As Slurm writes it: `8G`. */
  readonly memory?: string | undefined;
  /** As Slurm writes it: `2:00:00`. */
  readonly time?: string | undefined;
  readonly gpus?: number | undefined;
  readonly partition?: string | undefined;
  /** How many array elements share the making of one job's features. */
  readonly shards?: number | undefined;
}

export interface ArrayJob {
  readonly key: string;
  readonly kind: string;
  /** Keys of the jobs that must be done before. */
  readonly needs: readonly string[];
  readonly resources: Resources;
}

/** One element of an array: a job, or a part of one, which leaves the rest to the others and to the job itself. */
export interface Element {
  readonly key: string;
  /** `1/4`, counted from 1. */
  readonly part?: string;
}

export interface JobArray {
  /** Names its files: `features-0`. */
  readonly name: string;
  readonly kind: string;
  readonly resources: Resources;
  readonly elements: readonly Element[];
  /** Names of the arrays, before it in the list, that must have ended. */
  readonly after: readonly string[];
  /** Jobs that it needs and that no array of the list has: they are in the queue already. */
  readonly outside: readonly string[];
}

/**
 * Arrays of the jobs that are still to be done, each after those it depends on.
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
  const groups = new Map<string, ArrayJob[]>();
  for (const job of [...jobs].sort((a, b) => (levels.get(a.key) ?? 0) - (levels.get(b.key) ?? 0))) {
    const group = JSON.stringify([levels.get(job.key), job.kind, job.resources]);
    groups.set(group, [...(groups.get(group) ?? []), job]);
  }
  const arrays: JobArray[] = [];
  const homes = new Map<string, string>();
  const taken = new Map<string, number>();
  const nameOf = (stem: string): string => {
    const count = taken.get(stem) ?? 0;
    taken.set(stem, count + 1);
    return count === 0
      ? stem
      : `${stem}-${String.fromCharCode(97 + ((count - 1) % 26))}${count > 26 ? count : ''}`;
  };
  for (const group of groups.values()) {
    for (let start = 0; start < group.length; start += largest) {
      const part = group.slice(start, start + largest);
      const [{ kind, resources, key: first }] = part as [ArrayJob, ...ArrayJob[]];
      const name = nameOf(`${kind}-${levels.get(first) ?? 0}`);
      const needs = [...new Set(part.flatMap((job) => job.needs))];
      const after = [...new Set(needs.flatMap((key) => homes.get(key) ?? []))];
      const outside = needs.filter((key) => !homes.has(key) && queued.has(key));
      const parts = partsOf(part, resources.shards ?? 1);
      const partArrays: string[] = [];
      for (let from = 0; from < parts.length; from += largest) {
        const partName = nameOf(`${name}-parts`);
        const elements = parts.slice(from, from + largest);
        arrays.push({ name: partName, kind, resources, elements, after, outside });
        partArrays.push(partName);
      }
      const elements = part.map(({ key }) => ({ key }));
      // The parts end after what they need: that they have ended is enough.
      const before = partArrays.length > 0 ? { after: partArrays, outside: [] } : { after, outside };
      arrays.push({ name, kind, resources, elements, ...before });
      for (const { key } of part) homes.set(key, name);
    }
  }
  return arrays;
}

function partsOf(jobs: readonly ArrayJob[], shards: number): Element[] {
  if (shards <= 1) return [];
  return jobs.flatMap(({ key }) =>
    Array.from({ length: shards }, (_, i) => ({ key, part: `${i + 1}/${shards}` })),
  );
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

/** @file How long jobs took on this machine, remembered in the cache folder for the estimates of later runs. */

import { appendFileSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { engineIdentity } from '../base/engine-identity.js';
import { messageOf } from '../base/errors.js';
import { writeFileAtomic } from '../base/files.js';
import { takeLock } from '../base/lock.js';
import type { Measure } from './estimate.js';
import type { JobGraph } from './job.js';

/** Raised when paces or rough seconds mean something else. */
const version = 2;
const most = 500;
/** Of like jobs: the machine may be another tomorrow. */
const mostOfOnePace = 3;
/** A line has about 200 bytes. */
const largestBytes = 2 * most * 200;

const lineSchema = z.object({
  version: z.literal(version),
  machine: z.string(),
  engine: z.string(),
  threads: z.int().positive(),
  pace: z.string(),
  seconds: z.number().positive(),
  rough: z.number().positive(),
});
type Line = z.infer<typeof lineSchema>;

const pathOf = (cacheFolder: string): string => join(cacheFolder, 'paces.jsonl');

/** Nodes of a cluster share a cache folder: those of one make share what they learnt. */
const thisMachine = (): string => `${cpus()[0]?.model ?? process.arch} x ${availableParallelism()}`;
const engineOf = (engine: JobGraph['engine']): string => engineIdentity(engine).join(' ');

/** What a measure was made with. */
export interface PaceOrigin {
  readonly engine: JobGraph['engine'];
  /** Of one job. */
  readonly threads: number;
}

/**
 * Remembers a measure: one line, added in one write, so that many processes may do so. A folder that cannot be written takes the
 * memory away, never the work.
 * @param say told so
 */
export async function rememberPace(
  cacheFolder: string,
  { pace, seconds, rough }: Measure,
  { engine, threads }: PaceOrigin,
  say: (text: string) => void,
): Promise<void> {
  const path = pathOf(cacheFolder);
  const line = { version, machine: thisMachine(), engine: engineOf(engine), threads, pace, seconds, rough };
  if (!lineSchema.safeParse(line).success) return;
  try {
    mkdirSync(dirname(path), { recursive: true });
    appendFileSync(path, `${JSON.stringify(line)}\n`);
    if (statSync(path).size > largestBytes) await shorten(path);
  } catch (error) {
    say(`ehmam: how long this job took is not remembered: ${messageOf(error)}`);
  }
}

/** What is remembered of this machine and engine: the newest of each pace, those with as many threads before others. */
export function rememberedPaces(cacheFolder: string, { engine, threads }: PaceOrigin): Measure[] {
  const machine = thisMachine();
  const own = linesOf(pathOf(cacheFolder)).filter(
    (line) => line.machine === machine && line.engine === engineOf(engine),
  );
  const like = own.filter((line) => line.threads === threads);
  const known = new Set(like.map(({ pace }) => pace));
  return newestOf([...like, ...own.filter(({ pace }) => !known.has(pace))]);
}

/** Lines that are none, of another version, or cut off are passed over. */
function linesOf(path: string): Line[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return [];
  }
  return text.split('\n').flatMap((line) => {
    try {
      return line === '' ? [] : (lineSchema.safeParse(JSON.parse(line)).data ?? []);
    } catch {
      return [];
    }
  });
}

/** The last few of each pace, in their order. */
function newestOf(lines: readonly Line[]): Line[] {
  const counts = new Map<string, number>();
  return lines
    .toReversed()
    .filter(({ machine, engine, threads, pace }) => {
      const name = JSON.stringify([machine, engine, threads, pace]);
      const count = (counts.get(name) ?? 0) + 1;
      counts.set(name, count);
      return count <= mostOfOnePace;
    })
    .reverse();
}

/** What others add meanwhile may be lost: it is measured again. */
async function shorten(path: string): Promise<void> {
  const lock = await takeLock(`${path}.lock`);
  if (lock === undefined) return;
  try {
    const kept = newestOf(linesOf(path)).slice(-most);
    await writeFileAtomic(path, kept.map((line) => `${JSON.stringify(line)}\n`).join(''));
  } finally {
    await lock.release();
  }
}

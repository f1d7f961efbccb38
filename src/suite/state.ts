/** @file The state of a suite's work on disk: its graphs, what is done, what failed. Many processes share it. */
import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { appendFile, link, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { messageOf, UserError } from '../base/errors.js';
import { cannotWrite, systemCode, writeFileAtomic } from '../base/files.js';
import { type Job, type JobGraph, jobKinds, keyOf } from './job.js';

/** The state folder inside a results folder. */
export const stateFolderOf = (out: string): string => join(out, '.ehmam');

const doneSchema = z.strictObject({
  key: z.string(),
  kind: z.enum(jobKinds),
  title: z.string(),
  finishedAt: z.string(),
  /** How long it took, and how much of the job's work was done in that time: none where all was there already. */
  seconds: z.number(),
  work: z.number(),
  /** What its pace is compared with: heads of one task, features of one encoder. */
  pace: z.string(),
  host: z.string(),
  pid: z.int(),
  /** Files it made (from the results folder), which must still be as it left them. */
  outputs: z.array(z.strictObject({ path: z.string(), size: z.number(), modified: z.number() })),
  /** Of features: the store's folder. */
  store: z.string().optional(),
  /** What is to be known of how it was done, a line a remark. */
  remark: z.string().optional(),
});

export type Done = Readonly<z.infer<typeof doneSchema>>;

const failedSchema = z.strictObject({
  key: z.string(),
  title: z.string(),
  message: z.string(),
  log: z.string(),
  failedAt: z.string(),
  host: z.string(),
});

export type Failed = Readonly<z.infer<typeof failedSchema>>;

const graphPath = (state: string): string => join(state, 'graph.json');
const donePath = (state: string, key: string): string => join(state, 'done', `${key}.json`);
const failedPath = (state: string, key: string): string => join(state, 'failed', `${key}.json`);
export const logPath = (state: string, key: string): string => join(state, 'logs', `${key}.log`);

/**
 * Writes the graph that is to be done; earlier ones stay for the workers that still do them.
 * @returns the file of this very graph
 */
export async function writeGraph(state: string, graph: JobGraph): Promise<string> {
  const text = `${JSON.stringify(graph)}\n`;
  const kept = join(state, 'graphs', `${keyOf(graph).slice(0, 16)}.json`);
  if (!existsSync(kept)) await writeFileAtomic(kept, text);
  const now = await readFile(graphPath(state), 'utf8').catch(() => undefined);
  if (now !== text) await writeFileAtomic(graphPath(state), text);
  return kept;
}

/**
 * The graph of a state folder.
 * @throws UserError when there is none, or one of another version
 */
export async function readGraph(state: string, file = graphPath(state)): Promise<JobGraph> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new UserError('is not a results folder of a suite', {
      file: dirname(resolve(file)),
      hint: "Pass the folder that was used as --out of 'ehmam run'",
      cause: error,
    });
  });
  const graph = JSON.parse(text) as JobGraph;
  if (graph.version === 2) return graph;
  throw new UserError('was written by another version of ehmam', { file, hint: 'Run the suite again' });
}

/**
 * A job by its key or the first characters of it, in the newest graph or an earlier one.
 * @throws UserError when no graph has it
 */
export async function findJob(
  state: string,
  key: string,
): Promise<{ readonly graph: JobGraph; readonly job: Job }> {
  const newest = await readGraph(state);
  const named = (job: Job): boolean => key.length >= 8 && job.key.startsWith(key);
  const found = newest.jobs.find(named);
  if (found !== undefined) return { graph: newest, job: found };
  for (const name of await readdir(join(state, 'graphs'))) {
    const graph = await readGraph(state, join(state, 'graphs', name));
    const job = graph.jobs.find(named);
    if (job !== undefined) return { graph, job };
  }
  throw new UserError(`unknown job '${key}'`, { file: state, hint: "See 'ehmam status'" });
}

/** What is done of some jobs, by key; what someone changed or removed since counts as not done. */
export function readDone(state: string, out: string, keys: Iterable<string>): ReadonlyMap<string, Done> {
  const wanted = new Set(keys);
  const done = new Map<string, Done>();
  for (const name of namesIn(join(state, 'done'))) {
    const key = name.replace(/\.json$/, '');
    if (!wanted.has(key)) continue;
    const read = parsed(doneSchema, donePath(state, key));
    if (read?.outputs.every((output) => isAsLeft(out, output))) done.set(key, read);
  }
  return done;
}

/** Everything that was ever done here, whatever became of it since. */
export function readAllDone(state: string): Done[] {
  return namesIn(join(state, 'done')).flatMap((name) => parsed(doneSchema, join(state, 'done', name)) ?? []);
}

/** What failed the last time it was tried, by key. */
export function readFailed(state: string, keys: Iterable<string>): ReadonlyMap<string, Failed> {
  const wanted = new Set(keys);
  const failed = new Map<string, Failed>();
  for (const name of namesIn(join(state, 'failed'))) {
    const key = name.replace(/\.json$/, '');
    const read = wanted.has(key) ? parsed(failedSchema, failedPath(state, key)) : undefined;
    if (read !== undefined) failed.set(key, read);
  }
  return failed;
}

/** Whether one job is done. */
export function isDone(state: string, out: string, key: string): boolean {
  const read = existsSync(donePath(state, key)) ? parsed(doneSchema, donePath(state, key)) : undefined;
  return read?.outputs.every((output) => isAsLeft(out, output)) ?? false;
}

/**
 * Notes that a job is done, once: the file is made whole and only where there is none.
 * @param outputs files from the results folder
 * @returns false where another process has noted it before
 */
export async function markDone(
  state: string,
  out: string,
  done: Omit<Done, 'outputs'>,
  outputs: readonly string[],
): Promise<boolean> {
  const path = donePath(state, done.key);
  // What was done and then changed by someone is done anew; only the holder of the job's lock comes here.
  if (existsSync(path) && !isDone(state, out, done.key)) await rm(path, { force: true });
  const whole: Done = { ...done, outputs: await Promise.all(outputs.map((each) => asLeft(out, each))) };
  const temporary = join(dirname(path), `.${done.key}.${randomUUID().slice(0, 8)}.tmp`);
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(temporary, `${JSON.stringify(whole)}\n`, { flush: true });
    await link(temporary, path);
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw systemCode(error) === undefined ? error : cannotWrite(path, error);
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Has a job done again. */
export async function forgetDone(state: string, key: string): Promise<void> {
  await rm(donePath(state, key), { force: true });
}

export async function markFailed(state: string, failed: Failed): Promise<void> {
  await writeFileAtomic(failedPath(state, failed.key), `${JSON.stringify(failed)}\n`);
}

export async function clearFailed(state: string, key: string): Promise<void> {
  await rm(failedPath(state, key), { force: true });
}

/**
 * Adds to what a job said. A log that cannot be written is no reason for the job to fail.
 * @param say told that it cannot be written
 */
export async function appendToLog(
  state: string,
  key: string,
  text: string,
  say: (text: string) => void,
): Promise<void> {
  const path = logPath(state, key);
  await mkdir(dirname(path), { recursive: true })
    .then(() => appendFile(path, text))
    .catch((error: unknown) => say(`ehmam: ${path}: ${messageOf(error)}`));
}

const namesIn = (folder: string): string[] => (existsSync(folder) ? readdirSync(folder) : []);

/** A small file of ours; a broken one is none. */
function parsed<T>(schema: z.ZodType<T>, path: string): T | undefined {
  try {
    return schema.safeParse(JSON.parse(readFileSync(path, 'utf8'))).data;
  } catch {
    return undefined;
  }
}

async function asLeft(out: string, path: string): Promise<Done['outputs'][number]> {
  const { size, mtimeMs } = await stat(join(out, path));
  return { path, size, modified: mtimeMs };
}

function isAsLeft(out: string, { path, size, modified }: Done['outputs'][number]): boolean {
  const now = statSync(join(out, path), { throwIfNoEntry: false });
  return now?.size === size && now.mtimeMs === modified;
}

/** Short for people: the first characters of a key tell the jobs of a suite apart. */
export const shortKey = (key: string): string => key.slice(0, 12);

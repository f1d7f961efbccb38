/** @file What no suite needs any more: features in the cache, and what state folders keep of earlier plans. */
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { storeName } from '../features/store.js';
import type { JobGraph } from './job.js';
import { type Done, readAllDone, readGraph, stateFolderOf } from './state.js';

export interface Unused {
  readonly path: string;
  readonly bytes: number;
  /** `features`, or `state` of jobs that are no longer planned. */
  readonly what: 'features' | 'state';
}

/**
 * What the suites that were run into these folders do not need.
 * @param caches further cache folders to look through, besides the suites' own
 * @throws UserError when one of the folders holds no suite
 */
export async function findUnused(outs: readonly string[], caches: readonly string[]): Promise<Unused[]> {
  const needed = new Set<string>();
  const folders = new Set(caches);
  const unused: Unused[] = [];
  for (const out of outs) {
    const state = stateFolderOf(out);
    const graph = await readGraph(state);
    folders.add(graph.cacheFolder);
    for (const name of storesOf(graph, readAllDone(state))) needed.add(name);
    unused.push(...(await unusedState(state, graph)));
  }
  for (const folder of folders) {
    const features = join(folder, 'features');
    for (const name of (await readdir(features).catch(() => [])).sort()) {
      // A lock is no store.
      if (needed.has(name) || name.startsWith('.')) continue;
      const path = join(features, name);
      unused.push({ path, bytes: await bytesIn(path), what: 'features' });
    }
  }
  return unused;
}

export async function removeUnused(unused: readonly Unused[]): Promise<void> {
  for (const { path } of unused) await rm(path, { recursive: true, force: true });
}

/** The stores that a graph's features are in: of encoders that are known, or were when they were extracted. */
function storesOf({ jobs, engine }: JobGraph, done: readonly Done[]): string[] {
  const made = new Map(done.map(({ key, store }) => [key, store]));
  return jobs.flatMap((job) => {
    if (job.kind !== 'features') return [];
    const known = made.get(job.key);
    if (known !== undefined) return [known];
    const { encoder, hashes, store, frameType } = job;
    if (encoder.hash === undefined) return [];
    return [
      storeName({
        encoderHash: encoder.hash,
        audioHash: hashes.audio,
        kind: store,
        frameType,
        engine,
      }),
    ];
  });
}

async function unusedState(state: string, graph: JobGraph): Promise<Unused[]> {
  const keys = new Set(graph.jobs.map(({ key }) => key));
  const unused: Unused[] = [];
  const add = async (path: string): Promise<void> => {
    unused.push({ path, bytes: await bytesIn(path), what: 'state' });
  };
  for (const folder of ['done', 'failed', 'logs']) {
    for (const name of await readdir(join(state, folder)).catch(() => []))
      if (!keys.has(name.replace(/\.(json|log)$/, ''))) await add(join(state, folder, name));
  }
  const now = await readFile(join(state, 'graph.json'), 'utf8');
  for (const name of await readdir(join(state, 'graphs')).catch(() => [])) {
    const path = join(state, 'graphs', name);
    if ((await readFile(path, 'utf8')) !== now) await add(path);
  }
  return unused;
}

async function bytesIn(path: string): Promise<number> {
  const status = await stat(path);
  if (!status.isDirectory()) return status.size;
  let bytes = 0;
  for (const name of await readdir(path)) bytes += await bytesIn(join(path, name));
  return bytes;
}

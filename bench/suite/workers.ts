/** @file The mini suite with one worker and with two, each from nothing (npm run bench:suite). */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadSuite } from '../../src/suite/definition.js';
import { executeGraph } from '../../src/suite/execute.js';
import { planGraph } from '../../src/suite/graph.js';

const suite = await loadSuite('mini');
const folder = await mkdtemp(join(tmpdir(), 'ehmam-workers-'));

/** One thread a worker, so that workers alone make the difference. */
async function secondsWith(jobs: number, threads: number | undefined): Promise<number> {
  const place = join(folder, `${jobs}-${threads}`);
  const started = performance.now();
  const graph = await planGraph(suite, {
    seeds: [1337],
    training: {},
    engine: { name: 'onnx', provider: 'cpu', ...(threads !== undefined && { threads }) },
    maxBadShare: 0.001,
    plugins: [],
    out: join(place, 'out'),
    cacheFolder: join(place, 'cache'),
  });
  const { complete, summary } = await executeGraph(graph, {
    jobs,
    quiet: false,
    signal: new AbortController().signal,
    say: console.error,
  });
  if (!complete) throw new Error(summary);
  return (performance.now() - started) / 1000;
}

try {
  const two = await secondsWith(2, 1);
  const one = await secondsWith(1, 1);
  console.log(`mini suite, one thread a worker: one ${one.toFixed(1)} s, two ${two.toFixed(1)} s`);
  console.log(`two workers are ${(one / two).toFixed(2)} times faster`);
} finally {
  await rm(folder, { recursive: true });
}

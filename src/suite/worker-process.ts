/** @file A process that does the jobs it is told to, one after the other, until its parent is gone. */
import type { Job } from './job.js';
import { type Conditions, performerOf } from './perform.js';
import { readGraph } from './state.js';
import { doJob, type Outcome } from './work.js';

export type WorkerRequest =
  | { readonly kind: 'job'; readonly key: string; readonly threads: number; readonly device?: number }
  | { readonly kind: 'stop' };

export type WorkerAnswer =
  | { readonly kind: 'progress'; readonly share: number; readonly note?: string | undefined }
  | { readonly kind: 'end'; readonly outcome: Outcome };

/** How long a job may take to reach a safe place once the parent is gone. */
const patienceMilliseconds = 30_000;
const tellMilliseconds = 200;

const [, , state = '', graphFile = ''] = process.argv;
const stop = new AbortController();
let busy = false;

// Ctrl-C reaches every process of the terminal: the parent decides.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => stop.abort());
process.on('disconnect', () => {
  stop.abort();
  if (!busy) process.exit(0);
  setTimeout(() => process.exit(75), patienceMilliseconds).unref();
});
// The parent's end of the pipes may be gone before the parent's channel.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

const graph = await readGraph(state, graphFile);
const jobs = new Map(graph.jobs.map((job) => [job.key, job]));
const say = (text: string): void => void process.stderr.write(`${text}\n`);
const place = { state, graph, perform: performerOf(graph), say };

const answer = (message: WorkerAnswer): void => {
  // A parent that is gone needs no answer.
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
};

async function work(job: Job, { threads, device }: Pick<Conditions, 'threads' | 'device'>): Promise<void> {
  let told = 0;
  const onProgress = (share: number, note?: string): void => {
    if (performance.now() - told < tellMilliseconds) return;
    told = performance.now();
    answer({ kind: 'progress', share, note });
  };
  busy = true;
  const outcome = await doJob(place, job, { threads, device, signal: stop.signal, onProgress });
  busy = false;
  if (outcome.kind === 'failed' && outcome.deviceLost) {
    // The parent tries again with another process; these words are its reason.
    say(outcome.message);
    process.exit(1);
  }
  answer({ kind: 'end', outcome });
  if (!process.connected) process.exit(75);
}

process.on('message', (request: WorkerRequest) => {
  if (request.kind === 'stop') {
    stop.abort();
    return;
  }
  const job = jobs.get(request.key);
  if (job === undefined) throw new Error(`the graph has no job ${request.key}`);
  void work(job, request);
});

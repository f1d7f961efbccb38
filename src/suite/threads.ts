/** @file Does jobs on worker threads; in this thread where none is compiled. */
import { on } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { UserError } from '../errors.js';
import { type Job, runJob } from './job.js';
import type { ThreadAnswer, ThreadRequest } from './job-thread.js';

export interface ThreadOptions {
  /** Jobs at a time. */
  readonly threads: number;
  /** Told how much of a job is done. */
  readonly onProgress: (job: number, done: number, note: string) => void;
  /** When it is aborted, running jobs stop at a place they can go on from, and no other is started. */
  readonly signal: AbortSignal;
}

/** Does every job; the first that fails stops the others and is thrown. */
export async function runJobs(jobs: readonly Job[], options: ThreadOptions): Promise<void> {
  const entry = new URL('./job-thread.js', import.meta.url);
  // Run from the TypeScript sources (by a test runner) there is no JavaScript for a thread to start from.
  const compiled = existsSync(fileURLToPath(entry));
  const failed = new AbortController();
  const stop = AbortSignal.any([failed.signal, options.signal]);
  const waiting = jobs.map((job, index) => ({ job, index }));
  const work = async (): Promise<void> => {
    const worker = compiled ? new Worker(entry) : undefined;
    try {
      for (let next = waiting.shift(); next !== undefined && !stop.aborted; next = waiting.shift()) {
        const { job, index } = next;
        const report = (done: number, note: string): void => options.onProgress(index, done, note);
        await (worker === undefined ? runJob(job, report, stop) : runOn(worker, job, report, stop));
      }
    } catch (error) {
      failed.abort();
      throw error;
    } finally {
      await worker?.terminate();
    }
  };
  const ends = await Promise.allSettled(
    Array.from({ length: Math.max(1, Math.min(options.threads, jobs.length)) }, work),
  );
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}

async function runOn(
  worker: Worker,
  job: Job,
  onProgress: (done: number, note: string) => void,
  stop: AbortSignal,
): Promise<void> {
  const send = (request: ThreadRequest): void => worker.postMessage(request);
  // An evaluation leaves nothing half-written and starts anew; a pre-training first writes a checkpoint.
  const ask = (): void => (job.kind === 'pretrain' ? send({ kind: 'stop' }) : void worker.terminate());
  const listeners = new AbortController();
  stop.addEventListener('abort', ask, { signal: listeners.signal });
  try {
    send({ kind: 'job', job });
    for await (const [answer] of on(worker, 'message', { close: ['exit'] }) as AsyncIterable<
      [ThreadAnswer]
    >) {
      if (answer.kind === 'progress') onProgress(answer.done, answer.note);
      else if (answer.kind === 'done') return;
      else throw failureOf(answer);
    }
    if (!stop.aborted) throw new Error('a thread ended before its job');
  } finally {
    listeners.abort();
  }
}

function failureOf({ text, userError }: Extract<ThreadAnswer, { kind: 'failure' }>): Error {
  return userError === undefined ? new Error(text) : new UserError(text, { exitCode: userError });
}

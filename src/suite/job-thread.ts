/** @file A thread that does the jobs it is sent, one after the other. */
import { parentPort } from 'node:worker_threads';
import { messageOf, UserError } from '../errors.js';
import { type Job, runJob } from './job.js';

export type ThreadRequest = { readonly kind: 'job'; readonly job: Job } | { readonly kind: 'stop' };

export type ThreadAnswer =
  | { readonly kind: 'progress'; readonly done: number; readonly note: string }
  | { readonly kind: 'done' }
  | { readonly kind: 'failure'; readonly text: string; readonly userError: 1 | 2 | undefined };

const port = parentPort;
const stop = new AbortController();
port?.on('message', async (request: ThreadRequest) => {
  const answer = (message: ThreadAnswer): void => port.postMessage(message);
  if (request.kind === 'stop') {
    stop.abort();
    return;
  }
  try {
    await runJob(request.job, (done, note) => answer({ kind: 'progress', done, note }), stop.signal);
    answer({ kind: 'done' });
  } catch (error) {
    answer({
      kind: 'failure',
      text: messageOf(error),
      userError: error instanceof UserError ? error.exitCode : undefined,
    });
  }
});

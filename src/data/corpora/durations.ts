/** @file How long the files of a corpus are: read from their headers on worker threads. */
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { createProgress } from '../../progress.js';
import {
  type DurationAnswer,
  type DurationAnswers,
  type DurationRequest,
  durationsOf,
} from './duration-thread.js';

/** Files a message. */
const batch = 64;

/** What is known of every file, in order; a bar shows the progress. */
export async function readDurations(
  files: readonly string[],
  options: { readonly quiet?: boolean; readonly threads?: number } = {},
): Promise<DurationAnswer[]> {
  const { quiet = false, threads = availableParallelism() } = options;
  const progress = createProgress('reading headers', files.length, { quiet });
  const answers = new Array<DurationAnswer>(files.length);
  let next = 0;
  let done = 0;
  const work = async (
    read: (request: DurationRequest) => Promise<readonly DurationAnswer[]>,
  ): Promise<void> => {
    while (next < files.length) {
      const task = next;
      next += batch;
      const part = await read({ task, files: files.slice(task, task + batch) });
      for (const [i, answer] of part.entries()) answers[task + i] = answer;
      done += part.length;
      progress.update(done);
    }
  };
  try {
    const entry = new URL('./duration-thread.js', import.meta.url);
    // Run from the TypeScript sources (by a test runner) there is no JavaScript for a thread to start from.
    if (!existsSync(fileURLToPath(entry))) await work((request) => durationsOf(request.files));
    else await Promise.all(Array.from({ length: threads }, () => onThread(entry, work)));
  } finally {
    progress.stop();
  }
  return answers;
}

async function onThread(
  entry: URL,
  work: (read: (request: DurationRequest) => Promise<readonly DurationAnswer[]>) => Promise<void>,
): Promise<void> {
  const worker = new Worker(entry);
  try {
    await work(
      (request) =>
        new Promise((resolve, reject) => {
          const answered = ({ answers }: DurationAnswers): void => {
            worker.off('error', reject);
            resolve(answers);
          };
          worker.once('message', answered);
          worker.once('error', reject);
          worker.postMessage(request);
        }),
    );
  } finally {
    await worker.terminate();
  }
}

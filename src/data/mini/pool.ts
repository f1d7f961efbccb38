/** @file Renders many utterances on several threads, or in this one where there is no compiled worker. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { UserError } from '../../base/errors.js';
import type { PlannedUtterance } from './plan.js';
import { createSynthesisers } from './render.js';
import { type WorkerAnswer, type WorkerData, type Written, writeUtterance } from './worker.js';

/** Small enough that little is lost by an interruption, large enough that messages cost nothing. */
const batchSize = 8;

/**
 * Writes the audio of the utterances, in any order; calls back as files are done.
 * @throws the signal's reason when it was aborted before all was written
 */
export async function writeUtterances(
  utterances: readonly PlannedUtterance[],
  data: WorkerData,
  threads: number,
  onWritten: (written: readonly Written[]) => void,
  signal?: AbortSignal,
): Promise<void> {
  const entry = new URL('./worker.js', import.meta.url);
  // Run from the TypeScript sources (by a test runner) there is no JavaScript for a thread to start from.
  const compiled = existsSync(fileURLToPath(entry));
  if (!compiled || threads <= 1 || utterances.length <= batchSize) {
    const synthesisers = createSynthesisers();
    for (const utterance of utterances) {
      signal?.throwIfAborted();
      onWritten([await writeUtterance(synthesisers, data, utterance)]);
    }
    return;
  }
  const batches = batchesOf(utterances);
  const count = Math.min(threads, batches.length);
  const workers = Array.from({ length: count }, () => new Worker(entry, { workerData: data }));
  try {
    await Promise.all(workers.map((worker) => drain(worker, batches, onWritten, signal)));
    if (batches.length > 0) signal?.throwIfAborted();
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

/** Sends batches to a thread, one at a time, until none is left. */
function drain(
  worker: Worker,
  batches: PlannedUtterance[][],
  onWritten: (written: readonly Written[]) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const next = (): void => {
      const batch = signal?.aborted ? undefined : batches.shift();
      if (batch === undefined) resolve();
      else worker.postMessage(batch);
    };
    worker.on('message', (answer: WorkerAnswer) => {
      if ('failure' in answer) {
        reject(new UserError(`cannot create a part of the mini suite: ${answer.failure}`, { exitCode: 1 }));
        return;
      }
      onWritten(answer.written);
      next();
    });
    worker.on('error', reject);
    worker.on('exit', (code) => reject(new Error(`a synthesis thread ended early (exit code ${code})`)));
    next();
  });
}

function batchesOf(utterances: readonly PlannedUtterance[]): PlannedUtterance[][] {
  const batches: PlannedUtterance[][] = [];
  for (let i = 0; i < utterances.length; i += batchSize) batches.push(utterances.slice(i, i + batchSize));
  return batches;
}

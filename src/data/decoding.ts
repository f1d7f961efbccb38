/** @file Decodes utterances on worker threads; in this thread where none is compiled. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { UserError } from '../errors.js';
import { readUtterance } from './audio.js';
import type { DecodeAnswer, DecodeRequest } from './decode-thread.js';
import type { Utterance } from './manifest.js';

export interface DecodePool {
  /**
   * The samples of an utterance, 16 kHz mono.
   * @throws UserError that names the manifest's line and the audio file
   */
  decode(utterance: Utterance): Promise<Float32Array>;
  /** Ends the threads; what is not decoded by then never will be. */
  close(): Promise<void>;
}

interface Waiting {
  readonly request: DecodeRequest;
  readonly resolve: (samples: Float32Array) => void;
  readonly reject: (error: unknown) => void;
}

/** Starts threads that decode, each one utterance at a time. */
export function decodePool(threads: number): DecodePool {
  const entry = new URL('./decode-thread.js', import.meta.url);
  // Run from the TypeScript sources (by a test runner) there is no JavaScript for a thread to start from.
  if (threads < 1 || !existsSync(fileURLToPath(entry))) {
    return { decode: (utterance) => readUtterance(utterance), close: () => Promise.resolve() };
  }
  const waiting: Waiting[] = [];
  const running = new Map<Worker, Waiting>();
  const workers = Array.from({ length: threads }, () => new Worker(entry));
  let failed: unknown;
  let tasks = 0;

  const feed = (): void => {
    for (const worker of workers) {
      if (running.has(worker)) continue;
      const next = waiting.shift();
      if (next === undefined) return;
      running.set(worker, next);
      worker.postMessage(next.request);
    }
  };
  /** Nothing can be decoded any more. */
  const fail = (error: unknown): void => {
    failed ??= error;
    for (const each of [...running.values(), ...waiting.splice(0)]) each.reject(error);
    running.clear();
  };
  for (const worker of workers) {
    worker.on('message', (answer: DecodeAnswer) => {
      const done = running.get(worker);
      if (done?.request.task !== answer.task) return;
      running.delete(worker);
      if ('samples' in answer) done.resolve(answer.samples);
      else done.reject(failureOf(answer.failure, answer.userError));
      feed();
    });
    worker.on('error', fail);
    worker.on('exit', (code) => fail(new Error(`a thread that decodes audio ended (exit code ${code})`)));
  }
  return {
    decode: (utterance) =>
      new Promise((resolve, reject) => {
        if (failed !== undefined) {
          reject(failed);
          return;
        }
        waiting.push({ request: { task: tasks++, utterance }, resolve, reject });
        feed();
      }),
    close: async () => {
      fail(new Error('the threads that decode audio are closed'));
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}

const failureOf = (text: string, exitCode: 1 | 2 | undefined): Error =>
  exitCode === undefined ? new Error(text) : new UserError(text, { exitCode });

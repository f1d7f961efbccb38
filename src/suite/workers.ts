/** @file Workers of a local run: processes where the program is compiled, this process where it is not. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Job, JobGraph } from './job.js';
import { performerOf } from './perform.js';
import { appendToLog } from './state.js';
import { doJob, type Outcome } from './work.js';
import type { WorkerAnswer, WorkerRequest } from './worker-process.js';

/** What came of a job, or how the process that did it died. */
export type WorkEnd =
  | Outcome
  | {
      readonly kind: 'died';
      readonly how: string;
      /** Set where the same again would end the same way. */
      readonly hopeless?: boolean;
      readonly hint?: string;
    };

export interface Worker {
  /** Does a job; a process that died at the last one is started anew. */
  work(job: Job, threads: number, onProgress: (share: number, note?: string) => void): Promise<WorkEnd>;
  /** Asks the job to stop at a place it can go on from. */
  stop(): void;
  /** Ends the worker. */
  close(): Promise<void>;
}

const entry = fileURLToPath(new URL('./worker-process.js', import.meta.url));

/** Whether workers are processes: run from the TypeScript sources there is no JavaScript to start one from. */
export const workersAreProcesses: boolean = existsSync(entry);

/** The job that a process does now. */
interface Doing {
  readonly answer: (message: WorkerAnswer) => void;
  readonly died: (code: number | null, signal: NodeJS.Signals | null) => void;
  readonly said: (text: string) => void;
}

/**
 * A worker in a process of its own, started when it is first needed.
 * @param device that its jobs compute on (default: what the graph says)
 */
export function processWorker(
  state: string,
  graphFile: string,
  say: (text: string) => void,
  device?: number,
): Worker {
  let child: ChildProcess | undefined;
  let doing: Doing | undefined;
  let stopped = false;
  const send = (request: WorkerRequest): void => {
    // A process that is about to die is noticed by its end.
    if (child?.connected) child.send(request, () => undefined);
  };
  const started = (): ChildProcess => {
    const process = fork(entry, [state, graphFile], { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
    for (const stream of [process.stdout, process.stderr])
      stream?.on('data', (chunk) => doing?.said(String(chunk)));
    process.on('message', (answer: WorkerAnswer) => doing?.answer(answer));
    process.on('error', (error) => doing?.said(error.message));
    // After its last words.
    process.on('close', (code, signal) => {
      if (child === process) child = undefined;
      doing?.died(code, signal);
    });
    return process;
  };
  return {
    async work(job, threads, onProgress) {
      child ??= started();
      let said = '';
      const end = new Promise<WorkEnd>((resolve) => {
        doing = {
          answer: (message) => {
            if (message.kind === 'progress') onProgress(message.share, message.note);
            else resolve(message.outcome);
          },
          died: (code, signal) => resolve(deathOf(code, signal, said)),
          said: (text) => {
            said = `${said}${text}`.slice(-20_000);
            void appendToLog(state, job.key, text, say);
          },
        };
      });
      send({ kind: 'job', key: job.key, threads, ...(device !== undefined && { device }) });
      if (stopped) send({ kind: 'stop' });
      return end.finally(() => {
        doing = undefined;
      });
    },
    stop() {
      stopped = true;
      send({ kind: 'stop' });
    },
    async close() {
      const process = child;
      if (process === undefined || process.exitCode !== null || process.signalCode !== null) return;
      const closed = once(process, 'exit');
      if (process.connected) process.disconnect();
      await closed;
    },
  };
}

const heapHint =
  'Increase the limit: put NODE_OPTIONS=--max-old-space-size=8000 (megabytes) before the command';
const memoryHint = 'Use fewer --jobs, smaller batches in the settings, or a machine with more memory';

function deathOf(code: number | null, signal: NodeJS.Signals | null, said: string): WorkEnd {
  const heap = said.includes('heap out of memory');
  // The same again would need as much again.
  if (heap)
    return {
      kind: 'died',
      how: "its process ran out of memory (Node's heap limit)",
      hopeless: true,
      hint: heapHint,
    };
  if (signal === 'SIGKILL')
    return {
      kind: 'died',
      how: 'its process was killed (SIGKILL), probably because memory ran out',
      hint: memoryHint,
    };
  const last = said.trim().split('\n').at(-1) ?? '';
  const how = signal === null ? `with exit code ${code}` : `by ${signal}`;
  return { kind: 'died', how: `its process ended ${how}${last === '' ? '' : ` (${last})`}` };
}

/** This process as a worker. */
export function ownWorker(
  state: string,
  graph: JobGraph,
  say: (text: string) => void,
  device?: number,
): Worker {
  const stop = new AbortController();
  const place = { state, graph, perform: performerOf(graph), say };
  return {
    work: (job, threads, onProgress) =>
      doJob(place, job, { threads, device, signal: stop.signal, onProgress }),
    stop: () => stop.abort(),
    close: async () => undefined,
  };
}

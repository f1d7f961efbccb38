/** @file Does one job of a state folder in this process: locked, done once, its end written down. */
import { availableParallelism, hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, UserError } from '../base/errors.js';
import { systemCode } from '../base/files.js';
import { DeviceLost } from '../base/runtime-failures.js';
import { paceOf, roughSeconds } from './estimate.js';
import { logEvent } from './events.js';
import { freshShare } from './forecast.js';
import type { Job, JobGraph } from './job.js';
import { acquireLock } from './lock.js';
import { rememberPace } from './paces.js';
import type { Conditions, Performed, Performer } from './perform.js';
import { appendToLog, clearFailed, isDone, logPath, markDone, markFailed } from './state.js';

/** How the work on a job ended. */
export type Outcome =
  /** `already`: it was done before. */
  | { readonly kind: 'done'; readonly already: boolean }
  /** The same again would fail again, until something is mended. */
  | {
      readonly kind: 'failed';
      readonly message: string;
      /** Whether it may yet work in another process. */
      readonly deviceLost?: boolean;
    }
  /** It can go on later. */
  | { readonly kind: 'interrupted' }
  /** Another process does it. */
  | { readonly kind: 'held'; readonly by: string }
  /** These titles of jobs it needs are not done. */
  | { readonly kind: 'waiting'; readonly for: readonly string[] };

/**
 * Exit codes of `ehmam work`: 75 (EX_TEMPFAIL) asks for another try later; after 69 (EX_UNAVAILABLE) none makes sense
 * until other jobs are done.
 */
export const outcomeExitCodes: Readonly<Record<Outcome['kind'], number>> = {
  done: 0,
  failed: 1,
  interrupted: 75,
  held: 75,
  waiting: 69,
};

const progressMilliseconds = 2000;

/** Where jobs are done. */
export interface Workplace {
  readonly state: string;
  readonly graph: JobGraph;
  readonly perform: Performer;
  /** Told what could not be written down. */
  readonly say: (text: string) => void;
  /**
   * How long a head that is stopped may take to reach a safe place (default: 30 s): in training it takes seconds,
   * elsewhere nothing is lost.
   */
  readonly patienceMilliseconds?: number;
}

/** Does a job, unless it is done. Whatever goes wrong in it is its outcome, never thrown. */
export async function doJob(place: Workplace, job: Job, conditions: Conditions): Promise<Outcome> {
  const { state, graph } = place;
  const done = (key: string): boolean => isDone(state, graph.out, key);
  if (done(job.key)) return { kind: 'done', already: true };
  const missing = job.needs.filter((key) => !done(key));
  if (missing.length > 0) {
    return {
      kind: 'waiting',
      for: missing.map((key) => graph.jobs.find((each) => each.key === key)?.title ?? key),
    };
  }
  try {
    const acquired = await acquireLock(state, job.key);
    if ('heldBy' in acquired) {
      const { host, pid } = acquired.heldBy;
      return { kind: 'held', by: `process ${pid} on ${host}` };
    }
    try {
      // Its last holder may have finished it meanwhile.
      return done(job.key) ? { kind: 'done', already: true } : await doLocked(place, job, conditions);
    } finally {
      await acquired.lock.release();
    }
  } catch (error) {
    return fail(place, job, error);
  }
}

async function doLocked(place: Workplace, job: Job, conditions: Conditions): Promise<Outcome> {
  const { state, graph, perform, say, patienceMilliseconds = 30_000 } = place;
  const { key, title } = job;
  const started = performance.now();
  logEvent(state, { event: 'started', job: key, title }, say);
  let told = Number.NEGATIVE_INFINITY;
  let firstShare: number | undefined;
  const onProgress = (share: number, note?: string): void => {
    firstShare ??= share;
    conditions.onProgress(share, note);
    if (performance.now() - told < progressMilliseconds) return;
    told = performance.now();
    logEvent(state, { event: 'progress', job: key, title, share, note }, say);
  };
  const performing = perform(job, { ...conditions, onProgress });
  const performed = await untilStopped(job, performing, conditions.signal, patienceMilliseconds);
  if (performed === undefined || !performed.finished) {
    logEvent(state, { event: 'interrupted', job: key, title }, say);
    return { kind: 'interrupted' };
  }
  const seconds = (performance.now() - started) / 1000;
  // What was there before, or had been done before an interruption, says nothing of how long the work takes.
  const fresh = freshShare(firstShare);
  const pace = paceOf(job);
  const record = {
    ...{ key, kind: job.kind, title, seconds, work: fresh * job.work, pace },
    ...{ finishedAt: new Date().toISOString(), host: hostname(), pid: process.pid },
    ...(performed.store !== undefined && { store: performed.store }),
    ...(performed.remark !== undefined && { remark: performed.remark }),
  };
  const first = await markDone(state, graph.out, record, performed.outputs);
  if (first) {
    logEvent(state, { event: 'done', job: key, title, seconds }, say);
    const threads = conditions.threads ?? graph.engine.threads ?? availableParallelism();
    const measure = { pace, seconds, rough: fresh * roughSeconds(job) };
    await rememberPace(graph.cacheFolder, measure, { engine: graph.engine, threads }, say);
  }
  await clearFailed(state, key);
  return { kind: 'done', already: !first };
}

/**
 * What trains writes a checkpoint at its next safe place when it is stopped, and is waited for. The rest is written whole
 * or not at all: its process may end at any moment, so a stop does not wait.
 * @returns undefined when it was stopped
 */
async function untilStopped(
  { kind }: Job,
  performing: Promise<Performed>,
  signal: AbortSignal,
  patienceMilliseconds: number,
): Promise<Performed | undefined> {
  const performed = performing.catch((error: unknown) => {
    if (signal.aborted && error === signal.reason) return undefined;
    throw error;
  });
  if (kind === 'pretrain' || kind === 'finetune') return performed;
  const over = new AbortController();
  const stopped = aborted(signal, over.signal).then(() =>
    kind === 'head' ? sleep(patienceMilliseconds, undefined, { signal: over.signal }) : undefined,
  );
  // What is left behind may still fail; nobody waits for that.
  for (const left of [performed, stopped]) left.catch(() => undefined);
  return Promise.race([performed, stopped]).finally(() => over.abort());
}

/** Resolves when `signal` is aborted, unless nobody waits for that any more. */
function aborted(signal: AbortSignal, over: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    signal.addEventListener('abort', () => resolve(undefined), { signal: over });
  });
}

async function fail({ state, say }: Workplace, { key, title }: Job, error: unknown): Promise<Outcome> {
  const message = messageOf(error);
  const known = error instanceof UserError || systemCode(error) !== undefined;
  logEvent(state, { event: 'failed', job: key, title, message }, say);
  await appendToLog(
    state,
    key,
    `${new Date().toISOString()} ${title}: ${known || !(error instanceof Error) ? message : error.stack}\n`,
    say,
  );
  const failed = {
    key,
    title,
    message,
    log: logPath(state, key),
    failedAt: new Date().toISOString(),
    host: hostname(),
  };
  // Where not even this can be written, the message still goes to whoever started the job.
  await markFailed(state, failed).catch(() => undefined);
  return { kind: 'failed', message, ...(error instanceof DeviceLost && { deviceLost: true }) };
}

/** @file What a stop does to a job: what trains is waited for until it is at a safe place, the rest is not. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { UserError } from '../base/errors.js';
import type { Job, JobGraph } from './job.js';
import type { Performed } from './perform.js';
import { doJob, type Outcome } from './work.js';

let out: string;
beforeAll(async () => {
  out = await mkdtemp(join(tmpdir(), 'ehmam-stop-'));
});
afterAll(() => rm(out, { recursive: true, force: true }));

/** Stops a job as soon as it has begun, and says what came of it and what was done by then. */
async function stopped(
  kind: Job['kind'],
  name: string,
  safePlace: (signal: AbortSignal) => Promise<Performed>,
  patienceMilliseconds?: number,
): Promise<{ readonly outcome: Outcome; readonly reached: boolean }> {
  const stop = new AbortController();
  let reached = false;
  const job = {
    key: `${kind} ${name}`,
    kind,
    title: name,
    needs: [],
    resources: {},
    work: 1,
  } as unknown as Job;
  const graph = { out, jobs: [job] } as unknown as JobGraph;
  const perform = async (): Promise<Performed> => {
    stop.abort();
    await new Promise((resolve) => setTimeout(resolve, 100));
    reached = true;
    return safePlace(stop.signal);
  };
  const patience = patienceMilliseconds !== undefined && { patienceMilliseconds };
  const place = { state: join(out, '.ehmam'), graph, perform, say: () => undefined, ...patience };
  const outcome = await doJob(place, job, { signal: stop.signal, onProgress: () => undefined });
  return { outcome, reached };
}

const throwReason = async (signal: AbortSignal): Promise<Performed> => {
  throw signal.reason;
};

it('a head in training is waited for, and is to be done still', async () => {
  expect(await stopped('head', 'kept', throwReason)).toEqual({
    outcome: { kind: 'interrupted' },
    reached: true,
  });
});

it('a head that reaches no safe place is left behind after a while, and is to be done still', async () => {
  expect(await stopped('head', 'stuck', throwReason, 20)).toEqual({
    outcome: { kind: 'interrupted' },
    reached: false,
  });
});

it('pre-training is waited for, and is to be done still', async () => {
  const unfinished = async (): Promise<Performed> => ({ finished: false, outputs: [] });
  expect(await stopped('pretrain', 'kept', unfinished)).toEqual({
    outcome: { kind: 'interrupted' },
    reached: true,
  });
});

it('features are not waited for: what is there of them is whole', async () => {
  expect(await stopped('features', 'left', throwReason)).toEqual({
    outcome: { kind: 'interrupted' },
    reached: false,
  });
});

it('a head that cannot be kept has failed, and says why', async () => {
  const full = async (): Promise<Performed> => {
    throw new UserError('cannot be written (ENOSPC)', { file: 'head.checkpoint.safetensors', exitCode: 1 });
  };
  expect(await stopped('head', 'full disk', full)).toEqual({
    outcome: { kind: 'failed', message: 'head.checkpoint.safetensors: cannot be written (ENOSPC)' },
    reached: true,
  });
});

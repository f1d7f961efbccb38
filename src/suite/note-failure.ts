/** @file Writes down that a job failed whose own process could not: it died, or the cluster ended it. */
import { hostname } from 'node:os';
import { logEvent } from './events.js';
import type { Job } from './job.js';
import { logPath, markFailed } from './state.js';

/** Notes the failure in the events and beside the graph; the message is shown in any case, so a full disk is no second failure. */
export async function noteFailure(
  state: string,
  { key, title }: Job,
  message: string,
  say: (text: string) => void,
): Promise<void> {
  logEvent(state, { event: 'failed', job: key, title, message }, say);
  const failure = { key, title, message, log: logPath(state, key) };
  await markFailed(state, { ...failure, failedAt: new Date().toISOString(), host: hostname() }).catch(
    () => undefined,
  );
}

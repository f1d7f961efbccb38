/** @file What a local run shows: one progress of all jobs, and what goes wrong as it happens. */
import { createProgress, isTerminal, type Progress } from '../base/progress.js';
import { type Job, jobKinds } from './job.js';
import type { RunReport, Watcher } from './local.js';
import { logPath, shortKey } from './state.js';

export interface View extends Watcher {
  stop(): void;
}

/**
 * A view of a run on stderr.
 * @param todo the jobs that are to be done
 */
export function viewOf(title: string, todo: readonly Job[], quiet: boolean): View {
  const progress: Progress = createProgress(title, todo.length, { quiet });
  const shares = new Map<Job, { readonly share: number; readonly note?: string | undefined }>();
  const totals = jobKinds.map((kind) => todo.filter((job) => job.kind === kind).length);
  const ended = jobKinds.map(() => 0);
  let done = 0;
  let failures = 0;
  const show = (): void => {
    const counts = jobKinds.flatMap((kind, i) =>
      (totals[i] ?? 0) > 0 ? [`${kind} ${ended[i]}/${totals[i]}`] : [],
    );
    const running = [...shares].map(([job, { share, note }]) =>
      [job.title, share > 0 && `${Math.floor(100 * share)} %`, note].filter(Boolean).join(' '),
    );
    const failed = failures > 0 ? [`${failures} failed`] : [];
    const part = [...shares.values()].reduce((sum, { share }) => sum + share, 0);
    progress.update(Math.floor((done + part) * 10) / 10, [...counts, ...failed, ...running].join('; '));
  };
  const leave = (job: Job): void => {
    shares.delete(job);
    show();
  };
  const say = (text: string): void => {
    // A terminal's bar would be torn: there the summary tells.
    if (!quiet && !isTerminal(process.stderr)) process.stderr.write(`${text}\n`);
  };
  return {
    started(job) {
      shares.set(job, { share: 0 });
      show();
    },
    progress(job, share, note) {
      shares.set(job, { share, note });
      show();
    },
    done(job) {
      done++;
      const kind = jobKinds.indexOf(job.kind);
      ended[kind] = (ended[kind] ?? 0) + 1;
      leave(job);
    },
    failed(job, message) {
      failures++;
      say(`failed: ${job.title}: ${message}`);
      leave(job);
    },
    retried: (job, message) => say(`again: ${job.title}: ${message}`),
    putBack: leave,
    stop: () => progress.stop(''),
  };
}

/** What is to be said at the end of a run in which not all went well. */
export function summaryOf(
  report: RunReport,
  state: string,
  problems: readonly { title: string; message: string }[],
): string {
  const { done, failed, blocked } = report;
  const shown = 20;
  const lines = [
    ...problems.map(({ title, message }) => `not planned: ${title}: ${message}`),
    ...failed.slice(0, shown).map(({ job, message }) => `failed: ${job.title}: ${message}`),
    ...(failed.length > shown ? [`... and ${failed.length - shown} more`] : []),
    ...blocked.slice(0, shown).map(({ title }) => `skipped, because a job that it needs failed: ${title}`),
    ...(blocked.length > shown ? [`... and ${blocked.length - shown} more`] : []),
    `${done} done, ${failed.length} failed, ${blocked.length} skipped. Fix the cause, then run the same command to do the rest`,
    ...failed
      .slice(0, shown)
      .map(
        ({ job }) =>
          `run one job: ehmam work ${state} --job ${shortKey(job.key)}   (log: ${logPath(state, job.key)})`,
      ),
  ];
  return lines.join('\n');
}

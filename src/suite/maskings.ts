/** @file Pre-trains `tiny` with hard and with random masking, and evaluates both beside `fbank` and the untrained one. */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { pretrainPreset, withSteps } from '../pretrain/config.js';
import { createProgress } from '../progress.js';
import type { ResultRecord } from '../results/record.js';
import type { SuiteTask } from './definition.js';
import { type Job, jobSize } from './job.js';
import { runSuite } from './run.js';
import { runJobs } from './threads.js';

export interface MaskingsOptions {
  /** Manifest to pre-train on. */
  readonly pretrain: string;
  readonly tasks: readonly SuiteTask[];
  /** Updates of each pre-training (default: the preset's). */
  readonly steps?: number | undefined;
  /** The two encoders go here. */
  readonly encodersFolder: string;
  /** Records go here. */
  readonly outFolder: string;
  /** Where features are kept (default: the user's cache folder). */
  readonly cacheFolder?: string | undefined;
  readonly quiet: boolean;
  readonly signal: AbortSignal;
}

/** The two that differ in masking alone. */
const maskings = ['easy-to-hard', 'random'] as const;
const preset = 'tiny';

/**
 * Pre-trains for equal steps and evaluates the four encoders on every task. What is done already is kept.
 * @returns the records; undefined when it was interrupted
 */
export async function compareMaskings(
  options: MaskingsOptions,
): Promise<readonly ResultRecord[] | undefined> {
  const { tasks, steps, outFolder, cacheFolder, quiet, signal } = options;
  const cores = availableParallelism();
  const base = pretrainPreset(preset);
  const config = steps === undefined ? base : withSteps(base, steps);
  const encoders = maskings.map((strategy) => ({
    strategy,
    out: join(options.encodersFolder, `${preset}-${strategy}`),
  }));
  const engineFor = (jobs: number) =>
    ({ name: 'onnx', threads: Math.max(1, Math.floor(cores / Math.min(jobs, cores))) }) as const;
  const pretraining = encoders.map(
    ({ strategy, out }): Job => ({
      kind: 'pretrain',
      config: { ...config, masking: { ...config.masking, strategy } },
      manifest: options.pretrain,
      out,
      engine: engineFor(maskings.length),
    }),
  );
  await showing(`pre-train ${preset} twice`, pretraining, cores, quiet, signal);
  if (signal.aborted) return undefined;

  const specs = [...encoders.map(({ out }) => out), `random:${preset}`, 'fbank'];
  const engine = engineFor(cores);
  const evaluations = tasks.flatMap((task) =>
    specs.map((encoder): Job => ({ kind: 'evaluate', encoder, task, outFolder, cacheFolder, engine })),
  );
  await showing(
    `evaluate ${specs.length} encoders on ${tasks.length} tasks`,
    evaluations,
    cores,
    quiet,
    signal,
  );
  if (signal.aborted) return undefined;
  // Everything is recorded by now: this reads the records in the order of the table.
  return runSuite({ tasks, encoders: specs, outFolder, cacheFolder, engine, quiet: true });
}

/** Does jobs under one progress bar. */
async function showing(
  title: string,
  jobs: readonly Job[],
  threads: number,
  quiet: boolean,
  signal: AbortSignal,
): Promise<void> {
  if (jobs.length === 0) return;
  const done = jobs.map(() => 0);
  const total = jobs.reduce((sum, job) => sum + jobSize(job), 0);
  const progress = createProgress(title, total, { quiet });
  try {
    await runJobs(jobs, {
      threads,
      signal,
      onProgress: (job, amount, note) => {
        done[job] = amount;
        progress.update(
          done.reduce((sum, each) => sum + each, 0),
          note,
        );
      },
    });
  } finally {
    progress.stop();
  }
}

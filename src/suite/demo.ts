/** @file The demo: the mini suite end to end, from synthesis to the table's records. */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { buildMiniSuite } from '../data/mini/build.js';
import { pretrainPreset, withSteps } from '../pretrain/config.js';
import { createProgress } from '../progress.js';
import type { ResultRecord } from '../results/record.js';
import { miniPlace } from './definition.js';
import { type Job, jobSize } from './job.js';
import { checkWritable } from './plan.js';
import { runSuite } from './run.js';
import { runJobs } from './threads.js';

export interface DemoOptions {
  /** Records and the two encoders go here. */
  readonly outFolder: string;
  /** Where the corpus and features are kept (default: the user's cache folder). */
  readonly cacheFolder?: string | undefined;
  /** Updates of each pre-training (default: the preset's). */
  readonly steps?: number | undefined;
  readonly quiet: boolean;
  readonly signal: AbortSignal;
}

/** The two that differ in masking alone. */
const maskings = ['easy-to-hard', 'random'] as const;
const preset = 'tiny';

/**
 * Builds the mini corpus, pre-trains `tiny` with hard and with random masking for equal steps, evaluates both
 * beside `fbank` and the untrained encoder on the four tasks. What is done already is kept.
 * @returns the records; undefined when it was interrupted
 */
export async function runDemo(options: DemoOptions): Promise<readonly ResultRecord[] | undefined> {
  const { outFolder, cacheFolder, quiet, signal } = options;
  const cores = availableParallelism();
  await checkWritable(outFolder);
  const corpus = await buildMiniSuite({ ...(cacheFolder !== undefined && { cacheFolder }), quiet });

  const base = pretrainPreset(preset);
  const config = options.steps === undefined ? base : withSteps(base, options.steps);
  const encoders = maskings.map((strategy) => ({
    strategy,
    out: join(outFolder, 'encoders', `${preset}-${strategy}`),
  }));
  const engineFor = (jobs: number) =>
    ({ name: 'onnx', threads: Math.max(1, Math.floor(cores / Math.min(jobs, cores))) }) as const;
  const pretraining = encoders.map(
    ({ strategy, out }): Job => ({
      kind: 'pretrain',
      config: { ...config, masking: { ...config.masking, strategy } },
      manifest: corpus.pretrain,
      out,
      engine: engineFor(maskings.length),
    }),
  );
  await showing(`pre-train ${preset} twice`, pretraining, cores, quiet, signal);
  if (signal.aborted) return undefined;

  const specs = [...encoders.map(({ out }) => out), `random:${preset}`, 'fbank'];
  const tasks = Object.entries(corpus.tasks).map(([name, manifest]) => ({
    name,
    manifest,
    recordedAs: miniPlace(name),
  }));
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

/** @file A piece of work that a thread can do by itself: pre-train one encoder, or evaluate one on one task. */
import { loadUtterances } from '../data/manifest.js';
import { createEngine, type EngineSettings } from '../engine/create.js';
import type { EngineName } from '../engine/engine.js';
import type { PretrainConfig } from '../pretrain/config.js';
import { pretrain } from '../pretrain/train.js';
import type { SuiteTask } from './definition.js';
import { runSuite } from './run.js';

type EngineChoice = { readonly name: EngineName } & EngineSettings;

export type Job =
  | {
      readonly kind: 'pretrain';
      readonly config: PretrainConfig;
      readonly manifest: string;
      readonly out: string;
      readonly engine: EngineChoice;
    }
  | {
      readonly kind: 'evaluate';
      readonly encoder: string;
      readonly task: SuiteTask;
      readonly outFolder: string;
      readonly cacheFolder: string | undefined;
      readonly engine: EngineChoice;
    };

/** How much a job has to do: steps, or one evaluation. */
export function jobSize(job: Job): number {
  return job.kind === 'pretrain' ? job.config.optimizer.steps : 1;
}

/**
 * Does a job; one that was interrupted goes on from where it was.
 * @param onProgress told how much of `jobSize` is done
 */
export async function runJob(
  job: Job,
  onProgress: (done: number, note: string) => void,
  signal: AbortSignal,
): Promise<void> {
  if (job.kind === 'evaluate') {
    await runSuite({
      tasks: [job.task],
      encoders: [job.encoder],
      outFolder: job.outFolder,
      cacheFolder: job.cacheFolder,
      engine: job.engine,
      quiet: true,
      signal,
    });
    onProgress(1, `${job.task.name} of ${job.encoder}`);
    return;
  }
  const { name, ...settings } = job.engine;
  await pretrain({
    config: job.config,
    utterances: await loadUtterances(job.manifest, { splits: ['train'] }),
    out: job.out,
    engine: await createEngine(name, settings),
    resume: true,
    quiet: true,
    signal,
    onStep: ({ step, reconstruction }) => onProgress(step, `loss ${reconstruction.toFixed(2)}`),
  });
}

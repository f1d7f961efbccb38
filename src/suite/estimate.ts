/** @file How long jobs may take: from those of their kind that are done, else from rough rates. */
import type { EncoderSource, Job } from './job.js';
import type { Done } from './state.js';

/**
 * Jobs of one pace take about as long for the same amount of work: seconds of audio (pre-training, fine-tuning, extraction), or what
 * the head kind counts in.
 */
export function paceOf(job: Job): string {
  switch (job.kind) {
    case 'pretrain':
      return `pretrain ${job.config.encoder.width}x${job.config.encoder.blocks}`;
    case 'finetune':
      return `finetune ${sizeOf(job.encoder)}`;
    case 'features':
      return `features ${sizeOf(job.encoder)} ${job.store}`;
    case 'head':
      return `head ${job.task.name}${job.layerwise ? ', layer by layer' : ''}`;
  }
}

/** Two encoders may have one name; those of one size take about as long. */
const sizeOf = ({ name, parameters }: EncoderSource): string =>
  parameters === undefined ? name : `${parameters} parameters`;

/** Seconds for each unit of work where nothing like it was measured: the mini suite with `tiny`, in round numbers. */
function roughRate(job: Job): number {
  if (job.kind === 'head') return job.secondsPerUnit;
  if (job.kind === 'pretrain') return 0.02;
  const once = 0.003 + 1.5e-9 * (job.encoder.parameters ?? 0);
  // Forwards and backwards.
  return job.kind === 'finetune' ? 3 * once : once;
}

export interface Estimate {
  /** Of one process doing the job, in seconds. */
  readonly seconds: number;
  /** Whether jobs of its pace, or at least of its kind, were measured. */
  readonly measured: boolean;
}

/** Makes an estimator from jobs that are done. */
export function estimatorOf(done: Iterable<Done>): (job: Job) => Estimate {
  const totals = new Map<string, { seconds: number; work: number }>();
  for (const { kind, pace, seconds, work } of done) {
    for (const name of [pace, `${kind} in all`]) {
      const total = totals.get(name) ?? { seconds: 0, work: 0 };
      totals.set(name, { seconds: total.seconds + seconds, work: total.work + work });
    }
  }
  return (job) => {
    // A mean over all heads would say nothing: their units differ.
    const total =
      totals.get(paceOf(job)) ?? (job.kind === 'head' ? undefined : totals.get(`${job.kind} in all`));
    if (total !== undefined && total.work > 0)
      return { seconds: (job.work * total.seconds) / total.work, measured: true };
    return { seconds: job.work * roughRate(job), measured: false };
  };
}

/** @file How long jobs may take: from like jobs that were measured, here or earlier on this machine, else from rough rates. */
import { createHash } from 'node:crypto';
import type { PretrainConfig } from '../pretrain/config.js';
import type { EncoderSource, HeadJob, Job } from './job.js';
import type { Done } from './state.js';

/** Between the parts of a pace. */
const separator = ' | ';

/**
 * What the time of a job is compared by, from the general to the particular: `head | asr | 5c0d9a1e | 1076148 parameters`.
 * What stands before a separator is a pace too, of more jobs that are less alike.
 */
export function paceOf(job: Job): string {
  const parts = (): readonly string[] => {
    switch (job.kind) {
      case 'pretrain':
        return [`${job.config.encoder.width}x${job.config.encoder.blocks}`];
      case 'finetune':
        return [sizeOf(job.encoder)];
      case 'features':
        return [sizeOf(job.encoder), job.store];
      case 'head':
        return [
          `${job.task.name}${job.layerwise ? ', layer by layer' : ''}`,
          workDigest(job),
          sizeOf(job.encoder),
        ];
    }
  };
  return [job.kind, ...parts()].join(separator);
}

/** Two encoders may have one name; those of one size take about as long. */
const sizeOf = ({ name, parameters }: EncoderSource): string =>
  parameters === undefined ? name : `${parameters} parameters`;

/** Tells corpora and settings of a task apart. */
function workDigest({ hashes, task }: HeadJob): string {
  const text = JSON.stringify([hashes.rows, task.settings ?? {}]);
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}

/** A pace and the more general ones, the most particular first; the last is that of all jobs. */
function levelsOf(pace: string): string[] {
  const parts = pace.split(separator);
  return [...parts.map((_, i) => parts.slice(0, parts.length - i).join(separator)), ''];
}

/** What a job takes before its work and behind it: encoder and corpus are opened, programs compiled, results written. */
const startSeconds = 0.5;

/**
 * Seconds that a job takes where nothing like it was measured: those of the mini suite on one core (x86, 2.6 GHz), in round
 * numbers, and what the operations of larger encoders add.
 */
export const roughSeconds = (job: Job): number => startSeconds + workSeconds(job);

function workSeconds(job: Job): number {
  switch (job.kind) {
    case 'pretrain':
      return job.work * (0.004 + 8e-9 * blockParameters(job.config));
    case 'features':
      return job.work * onePass(job.encoder);
    case 'finetune':
      // Forwards and backwards.
      return 3 * job.work * onePass(job.encoder);
    case 'head':
      return job.work * job.secondsPerUnit;
  }
}

/** Of a second of audio, forwards. */
const onePass = ({ parameters = 0 }: EncoderSource): number => 0.003 + 1.5e-9 * parameters;

/** Those of the transformer's blocks, where nearly all of the work is. */
function blockParameters({ encoder }: PretrainConfig): number {
  const { width, blocks, prenetBlocks, mlpRatio } = encoder;
  return (blocks + prenetBlocks) * (4 + 2 * mlpRatio) * width ** 2;
}

/** A job, or a part of one, that was done. */
export interface Measure {
  readonly pace: string;
  readonly seconds: number;
  /** What `roughSeconds` says of as much work. */
  readonly rough: number;
}

/** The measures of jobs that are done, as far as they did their work themselves. */
export function measuresOf(jobs: readonly Job[], done: ReadonlyMap<string, Done>): Measure[] {
  return jobs.flatMap((job) => {
    const { seconds, work = 0 } = done.get(job.key) ?? {};
    return seconds === undefined || !(work > 0)
      ? []
      : [{ pace: paceOf(job), seconds, rough: (roughSeconds(job) * work) / job.work }];
  });
}

export interface Estimate {
  /** Of one process doing the job, in seconds. */
  readonly seconds: number;
  /** Whether jobs of its kind were measured (of heads: of its task). */
  readonly measured: boolean;
}

export interface Estimator {
  of(job: Job): Estimate;
  /** Whether anything at all was measured: without it an estimate is a guess about a machine that nobody knows. */
  readonly known: boolean;
}

/**
 * Makes an estimator. The most alike jobs decide, those of this run before earlier ones; these are scaled by how this run
 * compares with them, since the machine may be busier now.
 * @param now measured in this run or in its results folder
 * @param before measured earlier on this machine
 * @param shareLeft of a job's work: what is there already costs nothing (default: all is left)
 */
export function estimatorOf(
  now: readonly Measure[],
  before: readonly Measure[] = [],
  shareLeft: (job: Job) => number = () => 1,
): Estimator {
  const [ownRates, earlierRates] = [ratesOf(now), ratesOf(before)];
  const earlierOf = (pace: string): number | undefined =>
    levelsOf(pace)
      .slice(0, -1)
      .map((level) => earlierRates.get(level))
      .find((rate) => rate !== undefined);
  const compared = now.flatMap(({ pace, seconds, rough }) => {
    const rate = earlierOf(pace);
    return rate === undefined ? [] : [{ seconds, expected: rate * rough }];
  });
  const busier =
    compared.length === 0
      ? 1
      : sumOf(compared.map(({ seconds }) => seconds)) / sumOf(compared.map(({ expected }) => expected));
  return {
    known: now.length + before.length > 0,
    of(job) {
      const share = shareLeft(job);
      if (share === 0) return { seconds: 0, measured: true };
      const rough = roughSeconds(job) * share;
      for (const level of levelsOf(paceOf(job))) {
        const earlier = earlierRates.get(level);
        const rate = ownRates.get(level) ?? (earlier === undefined ? undefined : earlier * busier);
        if (rate === undefined) continue;
        const measured = level !== '' && (job.kind !== 'head' || level !== 'head');
        return { seconds: rate * rough, measured };
      }
      return { seconds: rough, measured: false };
    },
  };
}

/** Seconds for each rough second, at every level of the paces. */
function ratesOf(measures: readonly Measure[]): ReadonlyMap<string, number> {
  const totals = new Map<string, { seconds: number; rough: number }>();
  for (const { pace, seconds, rough } of measures) {
    if (!(rough > 0)) continue;
    for (const level of levelsOf(pace)) {
      const total = totals.get(level) ?? { seconds: 0, rough: 0 };
      totals.set(level, { seconds: total.seconds + seconds, rough: total.rough + rough });
    }
  }
  return new Map([...totals].map(([level, { seconds, rough }]) => [level, seconds / rough]));
}

const sumOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);

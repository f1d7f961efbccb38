/** @file The demo's jobs, with the seconds that each took on two busy cores (26 November 2026), for a simulated run. */
import { pretrainPreset } from '../pretrain/config.js';
import type { Job } from './job.js';

/** A job and how long it really took. */
export interface TimedJob {
  readonly job: Job;
  readonly seconds: number;
}

const audio = { asr: 2439.5, ks: 1800, sid: 1666.4, ic: 3150.6 } as const;
type TaskName = keyof typeof audio;
const tasks = Object.keys(audio) as TaskName[];
const pooled = { work: 5, secondsPerUnit: 1.5 };
const heads = { asr: { work: 1000, secondsPerUnit: 0.06 }, ks: pooled, sid: pooled, ic: pooled } as const;

/** Features, then heads, in the order of `tasks`: log-mel features and the untrained encoder's cost next to nothing. */
const encoders = [
  { name: 'tiny-random', pretrain: 180.2, features: [12.3, 7.6, 5.9, 11.6], heads: [83.1, 8.4, 4.9, 11.9] },
  {
    name: 'tiny-easy-to-hard',
    pretrain: 183.7,
    features: [12.3, 7.3, 6, 11.6],
    heads: [88.5, 5.7, 4.1, 13.3],
  },
  { name: 'random:tiny', features: [11.9, 7.4, 6, 11.5], heads: [87.2, 9.1, 3.5, 3] },
  { name: 'fbank', features: [2.5, 1.9, 1.7, 3.1], heads: [83.7, 11.1, 7.8, 11] },
] as const;

/** All of them; `slow` times as slow. */
export function demoJobs(slow = 1): TimedJob[] {
  const all: TimedJob[] = [];
  const add = (job: object, seconds: number): void => {
    all.push({ job: { resources: {}, ...job } as unknown as Job, seconds: slow * seconds });
  };
  for (const encoder of encoders) {
    const { name } = encoder;
    const parameters = name === 'fbank' ? 0 : 1_076_148;
    const source = { name, spec: name, seed: 1, parameters };
    const trained = 'pretrain' in encoder;
    if (trained)
      add(
        {
          ...{ kind: 'pretrain', key: `p ${name}`, needs: [], title: `pre-train ${name}`, encoder: name },
          ...{ config: pretrainPreset('tiny'), work: 600 * 16 * 1.6 },
        },
        encoder.pretrain,
      );
    for (const [i, task] of tasks.entries()) {
      const hashes = { rows: task, audio: task, seconds: audio[task] };
      const common = { encoder: source, task: { name: task, manifest: `${task}.csv` }, hashes };
      const needs = trained ? [`p ${name}`] : [];
      const [f, h] = [`f ${task} ${name}`, `h ${task} ${name}`];
      add(
        {
          ...{ ...common, kind: 'features', key: f, needs, title: `${task} features of ${name}` },
          ...{ store: task === 'asr' ? 'frames' : 'pooled', work: audio[task] },
        },
        encoder.features[i] as number,
      );
      add(
        {
          ...{ ...common, ...heads[task], kind: 'head', key: h, needs: [...needs, f], seeds: [1337] },
          title: `${task} head on ${name}`,
        },
        encoder.heads[i] as number,
      );
    }
  }
  // As a graph has them: each kind after those it needs.
  const rank = { pretrain: 0, features: 1, head: 2 } as Readonly<Record<string, number>>;
  return all.sort((a, b) => (rank[a.job.kind] ?? 0) - (rank[b.job.kind] ?? 0));
}

/** @file SUPERB's published rows, and its score over the tasks. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { projectFile } from './versions.js';

const values = z.record(z.string(), z.number().nullable());

const schema = z.object({
  sources: z.record(z.string(), z.string()),
  superb_score: z.object({ baseline: values, sota: values }),
  rows: z.array(
    z.object({
      encoder: z.string(),
      metrics: values,
      published_superb_score: z.number().nullable(),
      source: z.string(),
    }),
  ),
});

export type Superb = z.infer<typeof schema>;

/** `results/published/superb.json`: rows, their sources, and the constants of the score. */
export function readSuperb(): Superb {
  return schema.parse(JSON.parse(readFileSync(projectFile('results/published/superb.json'), 'utf8')));
}

/** `ASR.wer` → `ASR`. */
export const superbTask = (metric: string): string => metric.split('.')[0] ?? metric;

/**
 * 1000 / tasks · the sum over tasks of how far an encoder is on the way from the log-mel baseline to the state of the
 * art, a task's metrics averaged.
 * @param metrics by the names of the published rows, in their units (percent; MTWV for QbE)
 * @returns undefined where a metric is missing
 */
export function superbScore(
  metrics: Readonly<Record<string, number | null>>,
  { baseline, sota }: Superb['superb_score'],
): number | undefined {
  const byTask = new Map<string, number[]>();
  for (const [name, zero] of Object.entries(baseline)) {
    const [value, one] = [metrics[name] ?? null, sota[name] ?? null];
    if (value === null || zero === null || one === null) return undefined;
    const task = superbTask(name);
    byTask.set(task, [...(byTask.get(task) ?? []), (value - zero) / (one - zero)]);
  }
  const means = [...byTask.values()].map((list) => list.reduce((sum, one) => sum + one, 0) / list.length);
  return (1000 * means.reduce((sum, mean) => sum + mean, 0)) / means.length;
}

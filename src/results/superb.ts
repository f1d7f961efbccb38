/** @file SUPERB's published rows, and its score over the tasks. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { inPercent, ofPercent } from '../base/decimal.js';
import { projectFile } from '../base/package.js';
import { jsonSource } from '../base/source-text.js';
import { checked } from '../base/validation.js';

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

/** Which of SUPERB's tasks a score is over, and of how many. */
export interface ScoreScope {
  readonly tasks: readonly string[];
  readonly of: number;
}

/** `results/published/superb.json`: rows, their sources, and the constants of the score. */
export function readSuperb(): Superb {
  return readPublished('superb.json', schema);
}

/** What a file of `results/published` holds. */
export function readPublished<T>(name: string, schema: z.ZodType<T>): T {
  const file = projectFile(`results/published/${name}`);
  return checked(schema, jsonSource(readFileSync(file, 'utf8'), file));
}

/** `ASR.wer` → `ASR`. */
export const superbTask = (metric: string): string => metric.split('.')[0] ?? metric;

/** The name of a published metric (`KS.acc`) for one of ours (`ks`, `accuracy`), whether or not there is one. */
export const superbName = (task: string, metric: string): string =>
  `${task}.${metric === 'accuracy' ? 'acc' : metric}`.toLowerCase();

const isFraction = (metric: string): boolean => metric.endsWith('.mtwv');

/** A published value of this metric, which is in percent but for QbE's MTWV, as a fraction. */
export const publishedFraction = (metric: string, value: number): number =>
  isFraction(metric) ? value : ofPercent(value);

/** A fraction in the unit that this metric is published in. */
export const inPublishedUnit = (metric: string, fraction: number): number =>
  isFraction(metric) ? fraction : inPercent(fraction);

/** Which values of a published metric are better: those on the state of the art's side of the baseline. */
export const directionOf = (
  metric: string,
  { baseline, sota }: Superb['superb_score'],
): 'higher' | 'lower' => ((sota[metric] ?? 0) > (baseline[metric] ?? 0) ? 'higher' : 'lower');

/**
 * 1000 / tasks · the sum over tasks of how far an encoder is on the way from the log-mel baseline to the state of the
 * art, a task's metrics averaged.
 * @param metrics by the names of the published rows, in their units (percent; MTWV for QbE)
 * @param tasks those to score (default: all ten)
 * @returns undefined where a metric is missing
 */
export function superbScore(
  metrics: Readonly<Record<string, number | null>>,
  { baseline, sota }: Superb['superb_score'],
  tasks: readonly string[] = superbTasks({ baseline }),
): number | undefined {
  const byTask = new Map<string, number[]>();
  for (const [name, zero] of Object.entries(baseline)) {
    const task = superbTask(name);
    if (!tasks.includes(task)) continue;
    const [value, one] = [metrics[name] ?? null, sota[name] ?? null];
    if (value === null || zero === null || one === null) return undefined;
    byTask.set(task, [...(byTask.get(task) ?? []), (value - zero) / (one - zero)]);
  }
  const means = [...byTask.values()].map((list) => list.reduce((sum, one) => sum + one, 0) / list.length);
  return means.length === 0 ? undefined : (1000 * means.reduce((sum, mean) => sum + mean, 0)) / means.length;
}

/** The tasks that the score has constants of. */
export function superbTasks({ baseline }: Pick<Superb['superb_score'], 'baseline'>): string[] {
  return [...new Set(Object.keys(baseline).map(superbTask))];
}

/** How the score is made, for the notes of a table. */
export function scoreNotes({ tasks, of }: ScoreScope): string[] {
  const over =
    tasks.length === of
      ? ''
      : ` (here only over ${tasks.join(', ')}: not comparable with the SUPERB leaderboard)`;
  return [
    `SUPERB score: 1000 / tasks · sum over tasks of (value - FBANK's) / (best - FBANK's), as on the public leaderboard${over}`,
    "Scores on other corpora than SUPERB's own (mini-superb's, for example) are not comparable with the leaderboard",
  ];
}

/** @file What pre-training looked like: its log beside the checkpoint, thinned as it is read. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { UserError } from '../../base/errors.js';
import { isProbed, readProbes } from '../probes-file.js';
import type { Chart, Charts } from './chart.js';
import { type Figure, figure } from './figures.js';
import { html } from './html.js';
import type { Part } from './quality.js';
import { type FoundRuns, logOf, type PretrainingRun } from './runs.js';

const stepSchema = z.object({
  step: z.int().positive(),
  reconstruction: z.number(),
  ranking: z.number(),
  targetVariance: z.number(),
  predictionVariance: z.number(),
  maskedFraction: z.number(),
  hardShare: z.number(),
  studentCorrelation: z.number().optional(),
  targetsCorrelation: z.number().optional(),
  encoderCorrelation: z.number().optional(),
});
type Step = z.infer<typeof stepSchema>;

/** Means over a stretch of steps; of what no step has there is none. */
type LoggedSteps = Pick<Step, 'step'> & { readonly [Name in keyof Step]: number | undefined };

const measures = [
  ['reconstruction', 'Reconstruction loss'],
  ['ranking', 'Ranking loss of the predicted losses'],
  ['maskedFraction', 'Masked share of frames'],
  ['hardShare', 'Share of hard starts'],
  ['targetVariance', 'Variance of the targets'],
  ['predictionVariance', 'Variance of the predictions'],
  ['studentCorrelation', 'Rank correlation of the loss with the student’s prediction'],
  ['targetsCorrelation', 'Rank correlation of the loss with the teacher’s prediction'],
  ['encoderCorrelation', 'Rank correlation of the loss with the teacher’s prediction from its encoder'],
] as const;

/** Points of a curve: enough for a screen. */
const mostPoints = 200;

/** Their curves, and a line for each run that is missing; undefined where there is neither. */
export async function pretrainingCurves({ runs, missing }: FoundRuns): Promise<Part | undefined> {
  const notes = missing.map(
    (line) => html`<p class="note missing">${line[0]?.toUpperCase()}${line.slice(1)}.</p>`,
  );
  if (runs.length === 0) return notes.length === 0 ? undefined : { markup: html`${notes}`, charts: {} };
  const logs: LoggedSteps[][] = [];
  for (const { folder } of runs) logs.push(await readLog(logOf(folder)));
  const figures = measures.flatMap(([measure, title]) => {
    const series = runs.map(({ label, colour }, i) => ({
      label,
      colour,
      points: (logs[i] ?? []).flatMap(({ step, [measure]: value }) =>
        value === undefined ? [] : [[step, Number(value.toPrecision(5))] as const],
      ),
    }));
    if (series.every(({ points }) => points.length === 0)) return [];
    const chart: Chart = { kind: 'curves', axis: title.toLowerCase(), series };
    return figure(`pretraining-${measure}`, title, chart);
  });
  figures.push(...(await probeCurves(runs)));
  const charts = Object.assign({}, ...figures.map((each) => each.charts)) as Charts;
  return { markup: html`${notes}<div class="figures">${figures.map(({ markup }) => markup)}</div>`, charts };
}

/** What the encoder was good for as it trained: a figure for each task that any of the runs was probed with. */
async function probeCurves(runs: readonly PretrainingRun[]): Promise<Figure[]> {
  const probes = await Promise.all(
    runs.map(async ({ folder }) => (await readProbes(folder)).filter(isProbed)),
  );
  const tasks = new Map(probes.flat().map((probe) => [probe.task, probe]));
  return [...tasks].map(([task, { metric, direction }]) =>
    figure(`pretraining-probe-${task}`, `Probe ${task}`, {
      kind: 'curves',
      axis: `${metric} % on part of dev, ${direction} is better`,
      series: runs.flatMap(({ label, colour }, i) => {
        const points = (probes[i] ?? [])
          .filter((probe) => probe.task === task)
          .map(({ update, value }) => [update, Number((100 * value).toPrecision(5))] as const);
        return points.length === 0 ? [] : [{ label, colour, points }];
      }),
    }),
  );
}

/**
 * The steps of a log, as means over stretches of steps: never more than twice as many as a curve shows are held.
 * @throws UserError naming file and line of what is no step; a torn last line (of a run that was killed) is left out
 */
export async function readLog(file: string, most: number = mostPoints): Promise<LoggedSteps[]> {
  const thinned = stretches(most);
  const lines = createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY });
  let line = 0;
  let broken: number | undefined;
  for await (const text of lines) {
    line++;
    if (broken !== undefined) {
      throw new UserError('is not a training step', {
        file,
        line: broken,
        hint: 'Remove the line, or the encoder',
      });
    }
    const step = stepOf(text);
    if (step === undefined) broken = line;
    else thinned.add(step);
  }
  return thinned.points();
}

function stepOf(text: string): Step | undefined {
  try {
    return stepSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** Sums over steps, and over how many of them: a step may lack a measure. */
type Sums = ReadonlyMap<keyof Step, { readonly sum: number; readonly count: number }>;

interface Stretch {
  readonly sums: Sums;
  readonly steps: number;
}

/** Sums over stretches of equally many steps, which become longer as more are added. */
function stretches(most: number) {
  let length = 1;
  let all: Stretch[] = [];
  const join = (a: Stretch, b: Stretch): Stretch => ({
    sums: added(a.sums, b.sums),
    steps: a.steps + b.steps,
  });
  return {
    add(step: Step): void {
      const own = { sums: sumsOf(step), steps: 1 };
      const last = all.at(-1);
      if (last !== undefined && last.steps < length) all[all.length - 1] = join(last, own);
      else all.push(own);
      if (all.length <= 2 * most) return;
      all = Array.from({ length: Math.ceil(all.length / 2) }, (_, i) => {
        const [a, b] = [all[2 * i] as Stretch, all[2 * i + 1]];
        return b === undefined ? a : join(a, b);
      });
      length *= 2;
    },
    points: (): LoggedSteps[] =>
      all.map(({ sums }) => {
        const means = [...sums].map(([name, { sum, count }]) => [name, sum / count]);
        return Object.fromEntries(means) as LoggedSteps;
      }),
  };
}

const sumsOf = (step: Step): Sums =>
  new Map(Object.entries(step).map(([name, sum]) => [name as keyof Step, { sum, count: 1 }]));

function added(a: Sums, b: Sums): Sums {
  const all = new Map(a);
  for (const [name, { sum, count }] of b) {
    const before = all.get(name);
    all.set(name, { sum: sum + (before?.sum ?? 0), count: count + (before?.count ?? 0) });
  }
  return all;
}

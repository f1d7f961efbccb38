/** @file What the trainings of a study tell of themselves: their logs, probes and analyses, over seeds. */
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { parsedJson } from '../../base/json-text.js';
import { overSeeds } from '../../metrics/index.js';
import { groupBy } from '../labels.js';
import { logOf } from '../page/runs.js';
import { isProbed, type Probed, type ProbeLine, readProbes } from '../probes-file.js';

/** A mean over seeds, its standard deviation, and how many seeds it is over. */
export interface OverSeeds {
  readonly mean: number;
  readonly deviation: number;
  readonly seeds: number;
}

/** A task's probes over the updates of a size's and strategy's trainings. */
export interface ProbeCurve {
  readonly task: string;
  readonly metric: string;
  readonly direction: 'higher' | 'lower';
  readonly points: readonly (OverSeeds & { readonly update: number })[];
}

/** What was measured of the trainings of one size and strategy; undefined what none of them has. */
export interface TrainingSummary {
  /** Share of frames that were masked, and of masked starts that were hard, over all updates. */
  readonly maskedFraction: OverSeeds | undefined;
  readonly hardShare: OverSeeds | undefined;
  /** Reconstruction loss over the last tenth of updates. */
  readonly reconstruction: OverSeeds | undefined;
  /** Rank correlation of predicted with actual loss within an utterance, on audio that was not trained on. */
  readonly correlation: { readonly teacher: OverSeeds | undefined; readonly student: OverSeeds | undefined };
  /** How much worse the rest is reconstructed where hard frames are hidden than where as many others are. */
  readonly information: OverSeeds | undefined;
  /** Share of speech among all frames, and among those that easy-to-hard, random and the strategy's own masks hide at the end. */
  readonly speech: Readonly<Record<'all' | 'hard' | 'random' | 'own', OverSeeds | undefined>>;
  readonly curves: readonly ProbeCurve[];
  /** Of all seeds together: spent on updates, and on probes. */
  readonly seconds: { readonly updates: number; readonly probes: number };
}

/** One run. */
interface RunFacts {
  readonly log: LogFacts | undefined;
  readonly probes: readonly ProbeLine[];
  readonly analysis: AnalysisFacts | undefined;
}

/** @param folders of the runs, one a seed; what is not there yet is left out */
export async function trainingSummary(folders: readonly string[]): Promise<TrainingSummary> {
  const runs = await Promise.all(folders.map(factsOf));
  const over = (of: (run: RunFacts) => number | undefined): OverSeeds | undefined => {
    const values = runs.flatMap((run) => of(run) ?? []);
    return values.length === 0 ? undefined : overSeeds(values);
  };
  const sum = (of: (run: RunFacts) => number): number => runs.reduce((total, run) => total + of(run), 0);
  return {
    maskedFraction: over(({ log }) => log?.maskedFraction),
    hardShare: over(({ log }) => log?.hardShare),
    reconstruction: over(({ log }) => log?.reconstruction),
    correlation: {
      teacher: over(({ analysis }) => analysis?.rankCorrelation.teacher.withinUtterance?.mean),
      student: over(({ analysis }) => analysis?.rankCorrelation.student.withinUtterance?.mean),
    },
    information: over(({ analysis }) => analysis?.information.difference.mean),
    speech: {
      all: over(({ analysis }) => analysis?.regions.all.speech),
      hard: over(({ analysis }) => analysis?.regions.maskedHard.speech),
      random: over(({ analysis }) => analysis?.regions.maskedRandom.speech),
      own: over(({ analysis }) => analysis?.regions.maskedOwn?.speech),
    },
    curves: curvesOf(runs.map(({ probes }) => probes.filter(isProbed))),
    seconds: {
      updates: sum(({ log }) => log?.seconds ?? 0),
      probes: sum(({ probes }) => probes.reduce((total, { seconds }) => total + seconds, 0)),
    },
  };
}

async function factsOf(folder: string): Promise<RunFacts> {
  return {
    log: await logFacts(logOf(folder)),
    probes: await readProbes(folder),
    analysis: await analysisFacts(join(folder, 'analysis', 'analysis.json')),
  };
}

/** Points that at least one run has, rising. */
function curvesOf(runs: readonly (readonly Probed[])[]): ProbeCurve[] {
  return [...groupBy(runs.flat(), ({ task }) => task).values()].map((probes) => {
    const { task, metric, direction } = probes[0] as Probed;
    const points = [...groupBy(probes, ({ update }) => String(update)).values()].map((same) => ({
      update: (same[0] as Probed).update,
      ...overSeeds(same.map(({ value }) => value)),
    }));
    return { task, metric, direction, points: points.sort((a, b) => a.update - b.update) };
  });
}

const lineSchema = z.object({
  maskedFraction: z.number(),
  hardShare: z.number(),
  reconstruction: z.number(),
  seconds: z.number(),
});

interface LogFacts extends Readonly<z.infer<typeof lineSchema>> {}

/** Means over the log of a run and its seconds; undefined where it has no line. A line that was cut is passed over. */
async function logFacts(file: string): Promise<LogFacts | undefined> {
  const lines: LogFacts[] = [];
  try {
    for await (const line of createInterface({ input: createReadStream(file) })) {
      const parsed = lineSchema.safeParse(parsedJson(line)).data;
      if (parsed !== undefined) lines.push(parsed);
    }
  } catch {
    return undefined;
  }
  if (lines.length === 0) return undefined;
  const mean = (some: readonly LogFacts[], of: (line: LogFacts) => number): number =>
    some.reduce((sum, line) => sum + of(line), 0) / some.length;
  return {
    maskedFraction: mean(lines, (line) => line.maskedFraction),
    hardShare: mean(lines, (line) => line.hardShare),
    reconstruction: mean(lines.slice(-Math.ceil(lines.length / 10)), (line) => line.reconstruction),
    seconds: lines.reduce((sum, { seconds }) => sum + seconds, 0),
  };
}

const correlationSchema = z.object({ withinUtterance: z.object({ mean: z.number() }).optional() });
const sharesSchema = z.object({ speech: z.number() });
const analysisSchema = z.object({
  rankCorrelation: z.object({ teacher: correlationSchema, student: correlationSchema }),
  information: z.object({ difference: z.object({ mean: z.number() }) }),
  regions: z.object({
    all: sharesSchema,
    maskedHard: sharesSchema,
    maskedRandom: sharesSchema,
    maskedOwn: sharesSchema.optional(),
  }),
});

type AnalysisFacts = Readonly<z.infer<typeof analysisSchema>>;

/** What a report needs of an `analysis.json`; undefined where there is none. */
async function analysisFacts(file: string): Promise<AnalysisFacts | undefined> {
  const text = await readFile(file, 'utf8').catch(() => 'null');
  return analysisSchema.safeParse(JSON.parse(text)).data;
}

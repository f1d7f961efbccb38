/** @file What pre-training looked like: its log beside the checkpoint, thinned as it is read. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { UserError } from '../../base/errors.js';
import type { Comparison } from '../compare.js';
import type { StoredRecord } from '../record.js';
import type { Chart, Charts } from './chart.js';
import { figure } from './figures.js';
import { html } from './html.js';
import type { Part } from './quality.js';

/** A run of `ehmam pretrain` that an encoder of the page came from, or that was asked for besides. */
export interface PretrainingRun {
  readonly label: string;
  readonly colour: number;
  readonly folder: string;
}

const stepSchema = z.object({
  step: z.int().positive(),
  reconstruction: z.number(),
  ranking: z.number(),
  targetVariance: z.number(),
  predictionVariance: z.number(),
  maskedFraction: z.number(),
  hardShare: z.number(),
});
type LoggedStep = z.infer<typeof stepSchema>;

const measures = [
  ['reconstruction', 'Reconstruction loss'],
  ['ranking', 'Ranking loss of the predicted losses'],
  ['maskedFraction', 'Masked share of frames'],
  ['hardShare', 'Share of hard starts'],
  ['targetVariance', 'Variance of the targets'],
  ['predictionVariance', 'Variance of the predictions'],
] as const;

/** Points of a curve: enough for a screen. */
const mostPoints = 200;

/** The hash of the encoder that a folder holds now; undefined where there is none yet. */
export type HashOfFolder = (folder: string) => Promise<string | undefined>;

/** What runs are looked for with, besides the results. */
export interface RunSearch {
  /** Folders given: each is of the encoder that has its name and its weights. */
  readonly folders: readonly string[];
  readonly hashOf: HashOfFolder;
  /** Told of what could not be shown. */
  readonly remark: (why: string) => void;
}

/**
 * The runs behind the encoders of a comparison: folders given, and folders that a record's SPEC names. A folder that holds
 * other weights than those of the results is no run behind them, whatever its name.
 * @throws UserError for a folder given that holds no log
 */
export async function pretrainingRuns(
  comparison: Comparison,
  records: readonly StoredRecord[],
  { folders, hashOf, remark }: RunSearch,
): Promise<PretrainingRun[]> {
  for (const folder of folders)
    if (!(await hasLog(folder))) {
      throw new UserError('contains no pre-training log', {
        file: folder,
        hint: "Pass folders written by 'ehmam pretrain --out'",
      });
    }
  const byPath = new Map(records.map((stored) => [stored.path, stored.record]));
  const left = new Set(folders);
  const runs: PretrainingRun[] = [];
  for (const [colour, { label, encoder, encoderHash, cells }] of comparison.rows.entries()) {
    const path = cells.find((cell) => cell?.paths[0] !== undefined)?.paths[0];
    const spec = byPath.get(path ?? '')?.encoder.spec;
    const candidates = [...left].filter((folder) => basename(folder) === encoder);
    if (spec !== undefined && (await hasLog(spec))) candidates.push(spec);
    const namesakes = comparison.rows.filter((row) => row.encoder === encoder).length;
    for (const folder of candidates) {
      const hash = await hashOf(folder);
      // A run that has no encoder yet may be meant by its name, where one alone has it.
      if (hash !== encoderHash && (hash !== undefined || namesakes > 1)) {
        if (folder === spec && !left.has(folder))
          remark(`no training curves of ${label}: the weights in ${folder} differ from those of its results`);
        continue;
      }
      left.delete(folder);
      runs.push({ label, colour, folder });
      break;
    }
  }
  const labels = new Set(comparison.rows.map(({ label }) => label));
  const others = [...left].map((folder, i) => {
    const twin = [...left].some((other) => other !== folder && basename(other) === basename(folder));
    const label = twin || labels.has(basename(folder)) ? folder : basename(folder);
    return { label, folder, colour: comparison.rows.length + i };
  });
  return [...runs, ...others];
}

/** A line a step, in the folder of a run. */
const logOf = (folder: string): string => join(folder, 'log.jsonl');

const hasLog = (folder: string): Promise<boolean> =>
  stat(logOf(folder)).then(
    (found) => found.isFile(),
    () => false,
  );

/** Their curves; undefined where there is no run. */
export async function pretrainingCurves(runs: readonly PretrainingRun[]): Promise<Part | undefined> {
  if (runs.length === 0) return undefined;
  const logs: LoggedStep[][] = [];
  for (const { folder } of runs) logs.push(await readLog(logOf(folder)));
  const figures = measures.map(([measure, title]) => {
    const chart: Chart = {
      kind: 'curves',
      axis: title.toLowerCase(),
      series: runs.map(({ label, colour }, i) => ({
        label,
        colour,
        points: (logs[i] ?? []).map((at) => [at.step, Number(at[measure].toPrecision(5))] as const),
      })),
    };
    return figure(`pretraining-${measure}`, title, chart);
  });
  const charts = Object.assign({}, ...figures.map((each) => each.charts)) as Charts;
  return { markup: html`<div class="figures">${figures.map(({ markup }) => markup)}</div>`, charts };
}

/**
 * The steps of a log, as means over stretches of steps: never more than twice as many as a curve shows are held.
 * @throws UserError naming file and line of what is no step; a torn last line (of a run that was killed) is left out
 */
export async function readLog(file: string, most: number = mostPoints): Promise<LoggedStep[]> {
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

function stepOf(text: string): LoggedStep | undefined {
  try {
    return stepSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** Sums over stretches of equally many steps, which become longer as more are added. */
function stretches(most: number) {
  let length = 1;
  let sums: { readonly sum: LoggedStep; readonly steps: number }[] = [];
  const join = (a: (typeof sums)[number], b: (typeof sums)[number]): (typeof sums)[number] => ({
    sum: combined(a.sum, b.sum, (x, y) => x + y),
    steps: a.steps + b.steps,
  });
  return {
    add(step: LoggedStep): void {
      const last = sums.at(-1);
      if (last !== undefined && last.steps < length)
        sums[sums.length - 1] = join(last, { sum: step, steps: 1 });
      else sums.push({ sum: step, steps: 1 });
      if (sums.length <= 2 * most) return;
      sums = Array.from({ length: Math.ceil(sums.length / 2) }, (_, i) => {
        const [a, b] = [sums[2 * i] as (typeof sums)[number], sums[2 * i + 1]];
        return b === undefined ? a : join(a, b);
      });
      length *= 2;
    },
    points: (): LoggedStep[] => sums.map(({ sum, steps }) => combined(sum, sum, (x) => x / steps)),
  };
}

function combined(a: LoggedStep, b: LoggedStep, of: (x: number, y: number) => number): LoggedStep {
  const keys = Object.keys(a) as (keyof LoggedStep)[];
  return Object.fromEntries(keys.map((key) => [key, of(a[key], b[key])])) as LoggedStep;
}

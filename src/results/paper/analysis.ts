/** @file The analysis table: what each way of masking hides, how well its loss is foreseen, and what comes of it. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { inPercent } from '../../base/decimal.js';
import { messageOf, UserError } from '../../base/errors.js';
import { jsonSource } from '../../base/source-text.js';
import { checked } from '../../base/validation.js';
import { type ComparisonRow, compareRecords } from '../compare.js';
import { shortHash } from '../encoder-rows.js';
import type { StoredRecord } from '../record.js';
import { arrows } from '../table.js';
import type { PaperRow, PaperTable } from './table.js';

const mean = z.object({ mean: z.number(), standardError: z.number().optional() });
const correlation = z.object({ withinUtterance: mean.optional() });

/** The parts of `analysis.json` that the table shows. */
const schema = z.object({
  checkpoint: z.array(z.string()).min(1),
  /** Missing in those of earlier versions. */
  encoderHash: z.string().optional(),
  rankCorrelation: z.object({ teacher: correlation, student: correlation }),
  regions: z.object({
    maskedHard: z.record(z.string(), z.number()),
    maskedRandom: z.record(z.string(), z.number()),
  }),
  schedule: z.array(z.object({ maskedFraction: z.number(), randomMaskedFraction: z.number() })),
  information: z.object({ hard: mean, random: mean, difference: mean }),
});

/** An analysis and the name of the encoder that it is of. */
export interface NamedAnalysis {
  readonly encoder: string;
  /** Of its weights; undefined where an earlier version made the analysis. */
  readonly hash: string | undefined;
  readonly analysis: z.infer<typeof schema>;
}

const analysisFile = 'analysis.json';

/**
 * Every `analysis.json` under the paths, in their order.
 * @throws UserError naming a file that is none of `ehmam analyse`
 */
export async function readAnalyses(paths: readonly string[]): Promise<NamedAnalysis[]> {
  const found: NamedAnalysis[] = [];
  for (const path of paths) {
    const kind = await stat(path).catch(() => undefined);
    if (kind?.isDirectory()) {
      const names = (await readdir(path)).filter((name) => name !== 'node_modules').sort();
      found.push(...(await readAnalyses(names.map((name) => join(path, name)))));
    } else if (basename(path) === analysisFile) found.push(await readAnalysis(path));
  }
  return found;
}

async function readAnalysis(file: string): Promise<NamedAnalysis> {
  const hint = "Create it again with 'ehmam analyse --out'";
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new UserError(`cannot be read (${messageOf(error)})`, { file, hint, cause: error });
  });
  const analysis = checked(schema, jsonSource(text, file, { hint, refuseDuplicates: false }), { hint });
  const [weights = ''] = analysis.checkpoint;
  const folder = dirname(weights);
  return {
    encoder: basename(basename(folder) === 'checkpoints' ? dirname(folder) : folder),
    hash: analysis.encoderHash,
    analysis: analysis,
  };
}

const columns: readonly {
  readonly head: readonly string[];
  of(analysis: NamedAnalysis['analysis']): number | undefined;
}[] = [
  { head: ['rank corr.', 'student ↑'], of: (a) => a.rankCorrelation.student.withinUtterance?.mean },
  { head: ['rank corr.', 'teacher ↑'], of: (a) => a.rankCorrelation.teacher.withinUtterance?.mean },
  { head: ['masked %', 'hard'], of: (a) => percentOf(a.schedule.at(-1)?.maskedFraction) },
  { head: ['masked %', 'random'], of: (a) => percentOf(a.schedule.at(-1)?.randomMaskedFraction) },
  { head: ['of it speech', '% hard'], of: (a) => percentOf(a.regions.maskedHard.speech) },
  { head: ['of it speech', '% random'], of: (a) => percentOf(a.regions.maskedRandom.speech) },
  { head: ['loss of rest', 'hard hidden'], of: (a) => a.information.hard.mean },
  { head: ['loss of rest', 'random hid.'], of: (a) => a.information.random.mean },
  { head: ['loss of rest', 'difference'], of: (a) => a.information.difference.mean },
];

const percentOf = (fraction: number | undefined): number | undefined =>
  fraction === undefined ? undefined : inPercent(fraction);

/** The ways of masking that are compared: a row of each stays blank until an encoder's name has it. */
const maskings = ['random', 'random-matched', 'hard-only', 'easy-to-hard'] as const;

/** An analysis and the records of its encoder stand in one row. */
export function analysisTable(
  analyses: readonly NamedAnalysis[],
  records: readonly StoredRecord[],
): PaperTable {
  const comparison = records.length === 0 ? undefined : compareRecords(records);
  const tasks = comparison?.columns ?? [];
  const measured = comparison?.rows ?? [];
  const analysed = analyses.map((each) => ({ ...each, ours: rowOf(each, analyses, measured) }));
  const row = (
    label: string,
    ours: ComparisonRow | undefined,
    analysis: NamedAnalysis['analysis'] | undefined,
  ): PaperRow => ({
    label,
    values: [
      ...columns.map(({ of }) => analysis && of(analysis)),
      ...tasks.map((_, i) => percentOf(ours?.cells[i]?.value)),
    ],
  });
  const rows = [
    ...analysed.map(({ encoder, hash, analysis, ours }) =>
      row(ours?.label ?? ownLabel(encoder, hash, measured), ours, analysis),
    ),
    ...measured
      .filter((ours) => !analysed.some((each) => each.ours === ours))
      .map((ours) => row(ours.label, ours, undefined)),
  ];
  // The longest name that fits: 'random-matched-1' is not 'random'.
  const shown = new Set(
    rows.map(({ label }) =>
      [...maskings].sort((a, b) => b.length - a.length).find((name) => label.includes(name)),
    ),
  );
  return {
    name: 'analysis',
    columns: [
      ...columns.map(({ head }) => ({ head })),
      ...tasks.map(({ taskLabel, metric, direction }) => ({
        head: [taskLabel, `${metric} % ${arrows[direction]}`],
      })),
    ],
    rows: [
      ...maskings.filter((name) => !shown.has(name)).map((name) => row(name, undefined, undefined)),
      ...rows,
    ],
    notes: [
      "rank correlation of predicted and actual loss within an utterance; loss of rest: loss of the same masked frames if hard frames are hidden too, or as many random ones ('ehmam analyse')",
    ],
  };
}

/** The results of an analysed encoder: by its weights; where nothing says those, by a name that one encoder alone has. */
function rowOf(
  { encoder, hash }: NamedAnalysis,
  analyses: readonly NamedAnalysis[],
  rows: readonly ComparisonRow[],
): ComparisonRow | undefined {
  if (hash !== undefined) return rows.find((row) => row.encoderHash === hash);
  const named = rows.filter((row) => row.encoder === encoder);
  const alone = named.length === 1 && analyses.filter((each) => each.encoder === encoder).length === 1;
  return alone ? named[0] : undefined;
}

/** Of an analysis without results: its name, unless results of other weights have it. */
function ownLabel(encoder: string, hash: string | undefined, rows: readonly ComparisonRow[]): string {
  const isTaken = rows.some(({ label }) => label === encoder);
  return isTaken && hash !== undefined ? `${encoder} (${shortHash({ hash })})` : encoder;
}

/** @file The gate: are fresh results as good as the baseline's, or is one worse by more than chance? */
import type { Task } from '../../api/task.js';
import { UserError } from '../../base/errors.js';
import { holm } from '../../metrics/index.js';
import { pairedDifference } from '../paired.js';
import type { StoredRecord } from '../record.js';

export interface GateOptions {
  /** How much worse a metric may be without failing, as a fraction (0.01: one percentage point). */
  readonly tolerance: number;
  /** Below this corrected p-value a difference is no chance. */
  readonly level: number;
  readonly tasks: readonly Task[];
}

export type GateVerdict = 'holds' | 'regressed' | 'could not compare';

export interface GateCell {
  readonly encoder: string;
  readonly task: string;
  readonly metric: string;
  readonly direction: 'higher' | 'lower';
  readonly verdict: GateVerdict;
  /** Mean over seeds; missing where the result is. */
  readonly before: number;
  readonly after?: number;
  /** After less before, with its 95 % interval. */
  readonly difference?: number;
  readonly interval?: readonly [low: number, high: number];
  /** After Holm's correction over the cells. */
  readonly pValue?: number;
  /** Why it could not be compared. */
  readonly why?: string;
}

export interface GateReport {
  /** Regressed if any cell is; else `could not compare` if any could not; else `holds`. */
  readonly verdict: GateVerdict;
  readonly cells: readonly GateCell[];
  readonly tolerance: number;
  readonly level: number;
}

/**
 * Sets fresh records beside the baseline's, task by task, paired by utterance. A first metric that is worse by more
 * than the tolerance regressed if the paired test, corrected for the number of cells, says that it is no chance.
 * Results of encoders that the baseline lacks are left alone.
 */
export async function judge(
  baseline: readonly StoredRecord[],
  fresh: readonly StoredRecord[],
  options: GateOptions,
): Promise<GateReport> {
  const { tolerance, level } = options;
  const freshGroups = groupsOf(fresh);
  const cells: GateCell[] = [];
  const groups = groupsOf(baseline);
  for (const [key, before] of groups) cells.push(await compare(before, freshGroups.get(key), options));
  const corrected = holm(cells.flatMap((cell) => cell.pValue ?? []));
  let next = 0;
  const judged = cells.map((cell): GateCell => {
    if (cell.pValue === undefined || cell.difference === undefined) return cell;
    const pValue = corrected[next++] as number;
    const worse = cell.direction === 'higher' ? -cell.difference : cell.difference;
    return { ...cell, pValue, verdict: worse > tolerance && pValue < level ? 'regressed' : 'holds' };
  });
  const has = (verdict: GateVerdict): boolean => judged.some((cell) => cell.verdict === verdict);
  const verdict = has('regressed') ? 'regressed' : has('could not compare') ? 'could not compare' : 'holds';
  return { verdict, cells: judged, tolerance, level };
}

/** Records of one encoder's name on one task, all seeds together. */
function groupsOf(records: readonly StoredRecord[]): Map<string, StoredRecord[]> {
  const groups = new Map<string, StoredRecord[]>();
  for (const stored of records) {
    const { encoder, task } = stored.record;
    const key = JSON.stringify([encoder.name, task.name]);
    groups.set(key, [...(groups.get(key) ?? []), stored]);
  }
  return groups;
}

async function compare(
  before: readonly StoredRecord[],
  after: readonly StoredRecord[] | undefined,
  { tasks }: GateOptions,
): Promise<GateCell> {
  const [first] = before;
  if (first === undefined) throw new Error('an empty group');
  const metric = Object.keys(first.record.metrics)[0] ?? '';
  const mean = (group: readonly StoredRecord[]): number =>
    group.reduce((sum, { record }) => sum + (record.metrics[metric]?.value ?? Number.NaN), 0) / group.length;
  const cell = {
    encoder: first.record.encoder.name,
    task: first.record.task.name,
    metric,
    direction: first.record.metrics[metric]?.direction ?? ('higher' as const),
    before: mean(before),
    verdict: 'could not compare' as const,
  };
  if (after === undefined) return { ...cell, why: 'there is no fresh result' };
  const why = [...before, ...after].flatMap((stored) => unlike(first, stored, metric))[0];
  if (why !== undefined) return { ...cell, after: mean(after), why };
  try {
    const { difference, interval, pValue } = await pairedDifference(before, after, metric, tasks);
    return { ...cell, verdict: 'holds', after: mean(after), difference, interval, pValue };
  } catch (error) {
    if (error instanceof UserError) return { ...cell, after: mean(after), why: error.message };
    throw error;
  }
}

/** What forbids to set two results beside each other. */
function unlike({ record: a }: StoredRecord, { record: b }: StoredRecord, metric: string): string[] {
  if (a.task.version !== b.task.version) return [`task version ${a.task.version} beside ${b.task.version}`];
  if (a.manifest.hash !== b.manifest.hash) {
    return [`manifest ${a.manifest.hash.slice(0, 8)} beside ${b.manifest.hash.slice(0, 8)}`];
  }
  if (a.preset !== b.preset) return [`preset ${a.preset} beside ${b.preset}`];
  return b.metrics[metric] === undefined ? [`a result without ${metric}`] : [];
}

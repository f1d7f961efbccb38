/** @file The gate: are fresh results as good as the baseline's, or is one worse by more than chance? */
import type { Task } from '../../api/task.js';
import { UserError } from '../../base/errors.js';
import { detectableDifference, holm } from '../../metrics/index.js';
import { type EncoderRows, encoderRows, isSameEncoder, shortHash } from '../encoder-rows.js';
import { groupBy } from '../labels.js';
import { pairedDifference } from '../paired.js';
import { precisionChange } from '../precision.js';
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
  /** The smallest true loss that would have failed the gate four times in five; missing where both predicted the same. */
  readonly detectable?: number;
  /** Why it could not be compared. */
  readonly why?: string;
  /** Where the fresh result is of other weights than the baseline's: the hashes of both. */
  readonly weights?: { readonly before: string; readonly after: string };
  /** Where the sides were computed in different precisions: `fp32`, `tf32`. */
  readonly precision?: { readonly before: string; readonly after: string };
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
 * Results of encoders that the baseline lacks are left alone. An encoder is found by its name, since its weights may be what
 * changed; where several have one name, by its weights alone.
 */
export async function judge(
  baseline: readonly StoredRecord[],
  fresh: readonly StoredRecord[],
  options: GateOptions,
): Promise<GateReport> {
  const { tolerance, level } = options;
  const judged = await judgePairs(pairsOf(baseline, fresh), options);
  const has = (verdict: GateVerdict): boolean => judged.some((cell) => cell.verdict === verdict);
  const verdict = has('regressed') ? 'regressed' : has('could not compare') ? 'could not compare' : 'holds';
  return { verdict, cells: judged, tolerance, level };
}

/** A cell a pair, in their order; p-values are corrected over them all. */
export async function judgePairs(pairs: readonly GatePair[], options: GateOptions): Promise<GateCell[]> {
  const { tolerance, level } = options;
  const cells: GateCell[] = [];
  for (const pair of pairs) cells.push(await compare(pair, options));
  const corrected = holm(cells.flatMap((cell) => cell.pValue ?? []));
  let next = 0;
  return cells.map((cell): GateCell => {
    if (cell.pValue === undefined || cell.difference === undefined) return cell;
    const pValue = corrected[next++] as number;
    const worse = cell.direction === 'higher' ? -cell.difference : cell.difference;
    return { ...cell, pValue, verdict: worse > tolerance && pValue < level ? 'regressed' : 'holds' };
  });
}

/** Two sides of a comparison: records of one encoder on one task, all seeds together. */
export interface GatePair {
  readonly label: string;
  readonly before: readonly StoredRecord[];
  readonly after: readonly StoredRecord[] | undefined;
  /** Why the name alone does not say which fresh results are meant. */
  readonly ambiguity?: string;
}

/** Every result of the baseline with the fresh ones that it is compared with. */
export function pairsOf(baseline: readonly StoredRecord[], fresh: readonly StoredRecord[]): GatePair[] {
  const sides = [baseline, fresh].map((side) => encoderRows(side.map(({ record }) => record)));
  const [before, after] = sides as [EncoderRows, EncoderRows];
  const groups = groupBy(baseline, ({ record }) => JSON.stringify([before.keyOf(record), record.task.name]));
  return [...groups.values()].map((group): GatePair => {
    const [first] = group as [StoredRecord];
    const { encoder, task } = first.record;
    const ofName = fresh.filter(({ record }) => record.encoder.name === encoder.name);
    const known = keysOfName(baseline, encoder.name, before);
    const several = Math.max(known.size, keysOfName(fresh, encoder.name, after).size);
    const wanted =
      several > 1 ? ofName.filter(({ record }) => isSameEncoder(record.encoder, encoder)) : ofName;
    const found = wanted.filter(({ record }) => record.task.name === task.name);
    const ambiguity =
      wanted.length === 0 && ofName.length > 0
        ? `${several} encoders are named ${encoder.name}, and no new result has these weights (${shortHash(encoder)})`
        : undefined;
    return {
      label: before.labelOf(first.record),
      before: group,
      after: found.length === 0 ? undefined : found,
      ...(ambiguity !== undefined && { ambiguity }),
    };
  });
}

const keysOfName = (records: readonly StoredRecord[], name: string, rows: EncoderRows): ReadonlySet<string> =>
  new Set(records.flatMap(({ record }) => (record.encoder.name === name ? [rows.keyOf(record)] : [])));

async function compare(
  { label, before, after, ambiguity }: GatePair,
  { tasks, level, tolerance }: GateOptions,
): Promise<GateCell> {
  const [first] = before;
  if (first === undefined) throw new Error('an empty group');
  const metric = Object.keys(first.record.metrics)[0] ?? '';
  const mean = (group: readonly StoredRecord[]): number =>
    group.reduce((sum, { record }) => sum + (record.metrics[metric]?.value ?? Number.NaN), 0) / group.length;
  const cell = {
    encoder: label,
    task: first.record.task.name,
    metric,
    direction: first.record.metrics[metric]?.direction ?? ('higher' as const),
    before: mean(before),
    verdict: 'could not compare' as const,
  };
  if (after === undefined) return { ...cell, why: ambiguity ?? 'no new result' };
  const precision = precisionChange(before, after);
  const found = {
    ...{ ...cell, after: mean(after), ...weightsOf(first, after) },
    ...(precision !== undefined && { precision }),
  };
  const why = [...before, ...after].flatMap((stored) => unlike(first, stored, metric))[0];
  if (why !== undefined) return { ...found, why };
  try {
    const paired = await pairedDifference(before, after, metric, tasks);
    const { difference, interval, pValue } = paired;
    const detectable = detectableDifference(paired, { level, tolerance });
    const tested = { difference, interval, pValue, ...(detectable !== undefined && { detectable }) };
    return { ...found, verdict: 'holds', ...tested };
  } catch (error) {
    if (error instanceof UserError) return { ...found, why: error.message };
    throw error;
  }
}

function weightsOf(
  { record: { encoder: before } }: StoredRecord,
  after: readonly StoredRecord[],
): Pick<GateCell, 'weights'> {
  const other = after.find(({ record }) => !isSameEncoder(record.encoder, before));
  return other === undefined ? {} : { weights: { before: before.hash, after: other.record.encoder.hash } };
}

/** What forbids to set two results beside each other. */
function unlike({ record: a }: StoredRecord, { record: b }: StoredRecord, metric: string): string[] {
  if (a.task.version !== b.task.version)
    return [`different task versions: ${a.task.version} and ${b.task.version}`];
  if (a.manifest.hash !== b.manifest.hash) {
    return [`different manifests: ${a.manifest.hash.slice(0, 8)} and ${b.manifest.hash.slice(0, 8)}`];
  }
  if (a.preset !== b.preset) return [`different presets: ${a.preset} and ${b.preset}`];
  return b.metrics[metric] === undefined ? [`a result has no ${metric}`] : [];
}

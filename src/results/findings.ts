/** @file Which encoder is really better than which, task by task, and the sentences that say so. */
import type { Task } from '../api/task.js';
import type { Comparison, ComparisonRow } from './compare.js';
import type { StoredRecord } from './record.js';
import { type CellPair, testPairs } from './significance.js';
import { percent } from './table.js';

/** Two encoders over the tasks on which both were tested. */
export interface Finding {
  /** The one that is better on more tasks. */
  readonly first: string;
  readonly second: string;
  /** Labels of tasks on which the first is better, is worse, and on which no difference was found. */
  readonly better: readonly string[];
  readonly worse: readonly string[];
  readonly alike: readonly string[];
  /** Of the latter: the smallest and the largest difference that their test sets could have shown. */
  readonly detectable?: readonly [least: number, most: number];
}

export interface Findings {
  readonly findings: readonly Finding[];
  /** How many comparisons shared a correction: those with the baseline, and all others. */
  readonly families: readonly number[];
  readonly untested: readonly string[];
}

/** With more encoders than these, each is compared with the baseline alone. */
const mostCompared = 6;
const level = 0.05;

interface RowPair extends CellPair {
  readonly rows: readonly [before: number, after: number];
  readonly column: number;
}

/** A test, by its two rows and its column. */
interface Judged {
  readonly rows: RowPair['rows'];
  readonly column: number;
  readonly difference: number;
  readonly pValue: number;
  readonly detectable: number | undefined;
}

/**
 * Tests each pair of encoders on the first metric of every task. Differences from the baseline are taken as the comparison
 * has them, with its correction, so that sentences and stars agree; all others are corrected together.
 * @param comparison with its tests (see `withSignificance`)
 */
export async function findDifferences(
  comparison: Comparison,
  records: readonly StoredRecord[],
  tasks: readonly Task[],
): Promise<Findings> {
  const { columns, rows, baseline } = comparison;
  const main = columns.flatMap((column, i) =>
    columns.findIndex(({ taskLabel }) => taskLabel === column.taskLabel) === i ? [i] : [],
  );
  const base = rows.findIndex(({ label }) => label === baseline);
  const known = base < 0 ? [] : testsOfTable(rows, base, main);
  const pairs = rows.length > mostCompared ? [] : pairsBeside(comparison, base, main);
  const { tested, untested } = await testPairs(pairs, records, tasks);
  const judged: Judged[] = [
    ...known,
    ...tested.map(({ pair, difference, pValue, detectable }) => ({
      ...{ rows: pair.rows, column: pair.column },
      ...{ difference, pValue, detectable },
    })),
  ];
  const ofTable = rows.flatMap(({ cells }) => cells.filter((cell) => cell?.pValue !== undefined)).length;
  return {
    findings: findingsOf(comparison, judged),
    families: [ofTable, tested.length].filter((count) => count > 0),
    untested,
  };
}

/** The differences from the baseline that are tested already. */
function testsOfTable(rows: Comparison['rows'], base: number, columns: readonly number[]): Judged[] {
  return rows.flatMap(({ cells }, row) =>
    columns.flatMap((column): Judged[] => {
      const { difference, pValue, detectable } = cells[column] ?? {};
      return difference === undefined || pValue === undefined
        ? []
        : [{ rows: [base, row], column, difference, pValue, detectable }];
    }),
  );
}

/** Every two rows but the baseline's. */
function pairsBeside({ columns, rows }: Comparison, base: number, main: readonly number[]): RowPair[] {
  const others = rows.flatMap((row, i) => (i === base ? [] : [[row, i] as const]));
  return others.flatMap(([first, i], place) =>
    others.slice(place + 1).flatMap(([second, j]) =>
      main.flatMap((column): RowPair[] => {
        const [before, after] = [first.cells[column], second.cells[column]];
        const metric = columns[column]?.metric;
        return before === undefined || after === undefined || metric === undefined
          ? []
          : [{ metric, before, after, rows: [i, j], column }];
      }),
    ),
  );
}

function findingsOf({ columns, rows }: Comparison, judged: readonly Judged[]): Finding[] {
  const byRows = new Map<string, Judged[]>();
  for (const one of judged) {
    const key = one.rows.join(' ');
    byRows.set(key, [...(byRows.get(key) ?? []), one]);
  }
  return [...byRows.values()].map((tests): Finding => {
    const [before, after] = (tests[0]?.rows ?? []).map((row) => (rows[row] as ComparisonRow).label);
    const labels = (wanted: 'ahead' | 'behind' | 'alike'): string[] =>
      tests.flatMap(({ column, difference, pValue }) => {
        const { direction, taskLabel } = columns[column] ?? {};
        const ahead = direction === 'higher' ? difference > 0 : difference < 0;
        const outcome = pValue >= level ? 'alike' : ahead ? 'ahead' : 'behind';
        return outcome === wanted && taskLabel !== undefined ? [taskLabel] : [];
      });
    const [ahead, behind] = [labels('ahead'), labels('behind')];
    const could = tests.flatMap(({ pValue, detectable }) => (pValue < level ? [] : (detectable ?? [])));
    const turned = behind.length > ahead.length;
    return {
      first: (turned ? before : after) ?? '',
      second: (turned ? after : before) ?? '',
      better: turned ? behind : ahead,
      worse: turned ? ahead : behind,
      alike: labels('alike'),
      ...(could.length > 0 && { detectable: [Math.min(...could), Math.max(...could)] as const }),
    };
  });
}

/** The findings as clauses without a full stop, what is surest first; pairs of which the same is true are one clause. */
export function findingClauses({ findings }: Pick<Findings, 'findings'>): string[] {
  const outcome = ({ better, worse, alike }: Finding): string => JSON.stringify([better, worse, alike]);
  const groups = new Map<string, { readonly finding: Finding; readonly firsts: string[] }>();
  for (const finding of findings) {
    const differs = finding.better.length > 0;
    const key = JSON.stringify([finding.second, outcome(finding), differs ? '' : finding.first]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { finding, firsts: [finding.first] });
    else group.firsts.push(finding.first);
  }
  const merged = new Map<
    string,
    { readonly finding: Finding; readonly firsts: string[]; readonly seconds: string[] }
  >();
  for (const { finding, firsts } of groups.values()) {
    const differs = finding.better.length > 0;
    const key = JSON.stringify([firsts, outcome(finding), differs ? '' : finding.second]);
    const group = merged.get(key);
    if (group === undefined) merged.set(key, { finding, firsts, seconds: [finding.second] });
    else group.seconds.push(finding.second);
  }
  return [...merged.values()]
    .sort((a, b) => b.finding.better.length - a.finding.better.length)
    .map(({ finding, firsts, seconds }) => clauseOf(finding, firsts, seconds));
}

function clauseOf(
  { better, worse, alike, detectable }: Finding,
  firsts: readonly string[],
  seconds: readonly string[],
): string {
  const all = better.length + worse.length + alike.length;
  const [first, second] = [listed(firsts), listed(seconds)];
  if (better.length === 0) {
    const among = all === 1 ? alike[0] : `any of ${all} tasks`;
    return `no difference is found between ${first} and ${second} on ${among}${detectable === undefined ? '' : shownBy(detectable)}`;
  }
  const verb = firsts.length === 1 ? 'beats' : 'beat';
  const lost =
    worse.length === 0 ? '' : `, but ${firsts.length === 1 ? 'is' : 'are'} worse on ${listed(worse)}`;
  return `on ${tasksOf(better, all)} ${first} ${verb} ${second}${lost}`;
}

/** `3 of 4 tasks (asr, ks, ic)`, `all 4 tasks`, `asr`. */
function tasksOf(labels: readonly string[], all: number): string {
  if (all === 1) return labels[0] ?? '';
  if (labels.length === all) return all === 2 ? 'both tasks' : `all ${all} tasks`;
  return `${labels.length} of ${all} tasks (${labels.join(', ')})`;
}

function listed(names: readonly string[]): string {
  return names.length < 2
    ? (names[0] ?? '')
    : `${names.slice(0, -1).join(', ')} and ${names[names.length - 1]}`;
}

/** How large a difference would have been seen, so that none is told from too small a test. */
const shownBy = ([least, most]: readonly [number, number]): string =>
  percent(least) === percent(most)
    ? ` (one of ${percent(least)} points would most likely show)`
    : ` (one of ${percent(least)} to ${percent(most)} points, by the task, would most likely show)`;

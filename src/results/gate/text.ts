/** @file The gate's report as text: a table, a line, JUnit XML, GitHub's annotations and step summary. */

import { shortHash } from '../encoder-rows.js';
import { escapeMarkdown, markdownText } from '../layout/documents.js';
import { type Layout, plainCell } from '../layout/layout.js';
import { terminalText, wrapWords } from '../layout/terminal.js';
import { arrows, familyText, percent, points } from '../table.js';
import type { Renewal } from './renew.js';
import type { GateCell, GateReport } from './verdict.js';

/** The table for a terminal of so many columns. */
export function gateTable(report: GateReport, width = 80): string {
  return terminalText(layoutOf(report, narrow), { width });
}

/** The table as Markdown, below the verdict: GitHub's step summary. */
export function gateMarkdown(report: GateReport): string {
  return [`**${escapeMarkdown(gateLine(report))}**`, '', markdownText(layoutOf(report))].join('\n');
}

/** As wide as `could not compare`. */
const narrow = 17;

function layoutOf(report: GateReport, verdictWidth = Number.POSITIVE_INFINITY): Layout {
  const { cells } = report;
  const tested = cells.some(({ interval }) => interval !== undefined);
  return {
    corner: 'encoder',
    heads: [['task'], ['before,', 'after'], tested ? ['Δ, its 95 %', 'interval, p'] : ['Δ'], ['verdict']],
    rows: cells.map(({ encoder, task, metric, direction, before, after, verdict, why, ...tested }) => {
      const { difference, interval, pValue, detectable } = tested;
      return {
        label: encoder,
        cells: [
          { ...plainCell(task), details: [`${metric} % ${arrows[direction]}`] },
          { ...plainCell(percent(before)), details: [after === undefined ? '—' : percent(after)] },
          difference === undefined || interval === undefined || pValue === undefined
            ? undefined
            : {
                ...plainCell(points(difference)),
                details: [
                  `(${interval.map(points).join(' to ')})`,
                  `p ${pValue.toFixed(3)}`,
                  ...(detectable === undefined ? [] : [`could show ${percent(detectable)}`]),
                ],
              },
          {
            value: verdict,
            best: verdict !== 'holds',
            details: why === undefined ? [] : wrapWords(why, verdictWidth),
          },
        ],
      };
    }),
    notes: [...precisionNotes(cells), ...weightNotes(cells), ...powerNotes(report)],
  };
}

/** A line for each encoder whose weights are others than the baseline's. */
function weightNotes(cells: GateReport['cells']): string[] {
  const notes = cells.flatMap(({ encoder, weights }) =>
    weights === undefined
      ? []
      : [
          `${encoder}: its weights differ from the baseline's (${shortHash({ hash: weights.before })} before, ${shortHash({ hash: weights.after })} after)`,
        ],
  );
  return [...new Set(notes)];
}

/** A warning for each result that was computed in another precision than the baseline's. */
function precisionNotes(cells: GateReport['cells']): string[] {
  return cells.flatMap((cell) => {
    const { precision } = cell;
    if (precision === undefined) return [];
    return [
      `warning: ${placeOf(cell)}: computed in ${precision.after}, the baseline in ${precision.before}; that alone may change a result`,
    ];
  });
}

/** What the gate could have found, so that "holds" is told from "too small a test". */
function powerNotes({ cells, level }: GateReport): string[] {
  const tested = cells.filter(({ pValue }) => pValue !== undefined).length;
  if (!cells.some(({ detectable }) => detectable !== undefined)) return [];
  return [
    `could show: the smallest true loss, in points, that would fail this gate in 4 of 5 cases (above the tolerance, p < ${level}, paired)${familyText(tested, level)}`,
  ];
}

/** The verdict in one line. */
export function gateLine({ verdict, cells, tolerance, level }: GateReport): string {
  const places = (wanted: GateCell['verdict']): string =>
    cells
      .filter((cell) => cell.verdict === wanted)
      .map(placeOf)
      .join(', ');
  const terms = `tolerance ${percent(tolerance)} points, p < ${level}`;
  if (verdict === 'holds') return `gate: no regression in ${cells.length} comparisons (${terms})`;
  return `gate: ${verdict}: ${places(verdict)} (${terms})`;
}

/** What a renewal did, below the table of what changed. */
export function renewalText(baseline: string, renewal: Renewal, width?: number): string {
  const { report, renewed, kept, added, leftOut } = renewal;
  const cells = report.cells.filter(({ difference }) => difference !== undefined);
  const changed = cells.filter(({ difference }) => difference !== 0).length;
  const count = ({ length }: readonly string[]): string => `${length} result${length === 1 ? '' : 's'}`;
  const listed = (what: string, names: readonly string[]): string[] =>
    names.length === 0 ? [] : [`${what}: ${names.join('; ')}`];
  return [
    ...(report.cells.length === 0 ? [] : [gateTable(report, width)]),
    renewed.length === 0 && kept.length === 0
      ? `baseline ${baseline}: made of ${count(added)}`
      : `baseline ${baseline}: ${count(renewed)} renewed; ${changed} of ${cells.length} compared metrics changed`,
    ...listed('kept, because new results are missing', kept),
    ...(renewed.length === 0 && kept.length === 0 ? [] : listed('added', added)),
    ...listed('ignored, because not in the baseline (--add to add them)', leftOut),
  ].join('\n');
}

/** A test case a cell: a regression is a failure, what could not be compared an error. */
export function gateJunit({ cells }: GateReport): string {
  const count = (verdict: GateCell['verdict']): number =>
    cells.filter((cell) => cell.verdict === verdict).length;
  const cases = cells.map((cell) => {
    const open = `  <testcase classname="${escapeXml(cell.encoder)}" name="${escapeXml(`${cell.task} ${cell.metric}`)}"`;
    const said = escapeXml(sentenceOf(cell));
    if (cell.verdict === 'holds') return `${open}/>`;
    const kind = cell.verdict === 'regressed' ? 'failure' : 'error';
    return `${open}><${kind} type="${cell.verdict}" message="${said}"/></testcase>`;
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuite name="ehmam gate" tests="${cells.length}" failures="${count('regressed')}" errors="${count('could not compare')}">`,
    ...cases,
    '</testsuite>',
    '',
  ].join('\n');
}

/** One workflow command for each cell that does not hold. */
export function gateAnnotations({ cells }: GateReport): string[] {
  const escaped = (text: string): string =>
    text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
  return cells
    .filter((cell) => cell.verdict !== 'holds')
    .map((cell) => `::error title=ehmam gate::${escaped(sentenceOf(cell))}`);
}

function placeOf({ encoder, task }: GateCell): string {
  return `${encoder} on ${task}`;
}

function sentenceOf(cell: GateCell): string {
  const place = `${placeOf(cell)}: ${cell.metric}`;
  if (cell.difference === undefined || cell.after === undefined)
    return `${place} ${cell.verdict}: ${cell.why ?? ''}`;
  return `${place} ${cell.verdict} from ${percent(cell.before)} to ${percent(cell.after)} (p ${cell.pValue?.toFixed(3)})`;
}

/** For attributes; what XML 1.0 cannot hold becomes a space: control characters, half a pair, no characters. */
function escapeXml(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
  };
  return text
    .replace(/[\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}]/gu, ' ')
    .replace(/[&<>"]/g, (character) => entities[character] ?? character);
}

/** @file The gate's report as text: a table, a line, JUnit XML, GitHub's annotations and step summary. */
import Table from 'cli-table3';
import { percent, points } from '../table.js';
import type { GateCell, GateReport } from './verdict.js';

const heads = ['encoder', 'task', 'metric', 'before', 'after', 'Δ', '95 % interval', 'p', 'verdict'] as const;

export function gateTable({ cells }: GateReport): string {
  const table = new Table({ head: [...heads], style: { head: [], border: [] } });
  table.push(...cells.map(columnsOf));
  return table.toString();
}

/** The table as Markdown, below the verdict: GitHub's step summary. */
export function gateMarkdown(report: GateReport): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('<', '&lt;')).join(' | ')} |`;
  return [
    `**${gateLine(report)}**`,
    '',
    line(heads),
    line(heads.map(() => '---')),
    ...report.cells.map((cell) => line(columnsOf(cell))),
  ].join('\n');
}

/** The verdict in one line. */
export function gateLine({ verdict, cells, tolerance, level }: GateReport): string {
  const places = (wanted: GateCell['verdict']): string =>
    cells
      .filter((cell) => cell.verdict === wanted)
      .map(placeOf)
      .join(', ');
  const terms = `tolerance ${percent(tolerance)} points, p < ${level}`;
  if (verdict === 'holds') return `gate: holds in ${cells.length} comparisons (${terms})`;
  return `gate: ${verdict}: ${places(verdict)} (${terms})`;
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
    return `${open}><${kind} message="${said}"/></testcase>`;
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

function columnsOf(cell: GateCell): string[] {
  const { before, after, difference, interval, pValue } = cell;
  return [
    cell.encoder,
    cell.task,
    cell.metric,
    percent(before),
    after === undefined ? '—' : percent(after),
    difference === undefined ? '—' : points(difference),
    interval === undefined ? '—' : interval.map(points).join(' to '),
    pValue === undefined ? '—' : pValue.toFixed(3),
    cell.why === undefined ? cell.verdict : `${cell.verdict}: ${cell.why}`,
  ];
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

/** For attributes; characters that XML 1.0 cannot hold become spaces. */
function escapeXml(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
  };
  return text.replace(/\p{Cc}/gu, ' ').replace(/[&<>"]/g, (character) => entities[character] ?? character);
}

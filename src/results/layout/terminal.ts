/** @file A table on a terminal: within its width, the best in bold, cut into several tables where it is too wide. */
import Table from 'cli-table3';
import type { Layout, LayoutCell } from './layout.js';

export interface TerminalOptions {
  /** Whether escape codes may be written (a terminal that asks for no colour gets none). */
  readonly styled?: boolean;
  /** How many columns the terminal has (default 80). */
  readonly width?: number;
}

/** Blanks on both sides of a cell. */
const padding = 2;
const narrowestLabel = 12;

/** The table as text that ends without a newline; control characters of names become blanks. */
export function terminalText(layout: Layout, { styled = false, width = 80 }: TerminalOptions = {}): string {
  const { corner, notes } = layout;
  const heads = layout.heads.map((head) => head.map(printable));
  const rows = layout.rows.map((row) => ({ ...row, label: printable(row.label) }));
  const columnWidths = heads.map((head, i) => {
    const lines = [head, ...rows.map((row) => linesOf(row.cells[i], false))].flat();
    return padding + Math.max(...lines.map((line) => line.length));
  });
  const labelWidth = padding + Math.max(corner.length, ...rows.map((row) => row.label.length));
  const tables = chunks(columnWidths, labelWidth, width).map((chunk) => {
    const used = chunk.reduce((sum, i) => sum + (columnWidths[i] as number) + 1, 2);
    const labelRoom = Math.min(labelWidth, Math.max(narrowestLabel, width - used));
    const table = new Table({
      head: [corner, ...chunk.map((i) => (heads[i] ?? []).join('\n'))],
      colWidths: [labelRoom, ...chunk.map((i) => columnWidths[i] as number)],
      colAligns: ['left', ...chunk.map(() => 'right' as const)],
      style: { head: [], border: [] },
    });
    for (const { label, cells } of rows)
      table.push([
        cut(label, labelRoom - padding),
        ...chunk.map((i) => linesOf(cells[i], styled).join('\n')),
      ]);
    return table.toString();
  });
  return [...tables, ...notes.flatMap((note) => wrapWords(note, width))].join('\n');
}

function linesOf(cell: LayoutCell | undefined, styled: boolean): string[] {
  if (cell === undefined) return ['—'];
  const value = printable(cell.value);
  return [styled && cell.best ? `\u001b[1m${value}\u001b[22m` : value, ...cell.details.map(printable)];
}

function printable(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ');
}

/** Columns by index, in groups that fit the width beside the labels. */
function chunks(widths: readonly number[], labelWidth: number, width: number): number[][] {
  const room = width - Math.min(labelWidth, narrowestLabel) - 2;
  const groups: number[][] = [];
  let used = Number.POSITIVE_INFINITY;
  widths.forEach((columnWidth, i) => {
    if (used + columnWidth + 1 > room) {
      groups.push([]);
      used = 0;
    }
    groups.at(-1)?.push(i);
    used += columnWidth + 1;
  });
  return groups;
}

/** A name in lines, cut at blanks where there are any; the table's own wrapping would cut escape codes too. */
export function cut(name: string, length: number): string {
  const pieces = name.split(' ').flatMap((word) => word.match(new RegExp(`.{1,${length}}`, 'gu')) ?? []);
  const lines: string[] = [];
  for (const piece of pieces) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + piece.length <= length) lines.push(`${lines.pop()} ${piece}`);
    else lines.push(piece);
  }
  return lines.join('\n');
}

/** A sentence in lines of at most `width`; later ones stand in by two. */
export function wrapWords(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = `  ${word}`;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

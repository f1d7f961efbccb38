/** @file A table for documents: Markdown, and LaTeX with booktabs. */
import type { Layout, LayoutCell } from './layout.js';

/** A table of GitHub's Markdown, its notes as a list below. */
export function markdownText({ corner, heads, rows, notes }: Layout): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const cellText = (cell: LayoutCell | undefined): string => {
    if (cell === undefined) return '—';
    const value = escapeMarkdown(cell.value);
    return [cell.best ? `**${value}**` : value, detailsText(cell, escapeMarkdown)].filter(Boolean).join(', ');
  };
  return [
    line([corner, ...heads.map((head) => escapeMarkdown(head.join(' ')))]),
    line(['---', ...heads.map(() => '---:')]),
    ...rows.map(({ label, cells }) => line([escapeMarkdown(label), ...cells.map(cellText)])),
    ...(notes.length === 0 ? [] : ['', ...notes.map((note) => `- ${escapeMarkdown(note)}`)]),
  ].join('\n');
}

/** A tabular with the rules of the booktabs package, its notes below in small print. */
export function latexText({ corner, heads, rows, notes }: Layout): string {
  const line = (cells: readonly string[]): string => `${cells.join(' & ')} \\\\`;
  const cellText = (cell: LayoutCell | undefined): string => {
    if (cell === undefined) return '--';
    const value = escapeLatex(cell.value);
    const details = detailsText(cell, escapeLatex);
    return `${cell.best ? `\\textbf{${value}}` : value}${details === '' ? '' : ` {\\scriptsize ${details}}`}`;
  };
  return [
    '% needs \\usepackage{booktabs}',
    `\\begin{tabular}{l${'r'.repeat(heads.length)}}`,
    '\\toprule',
    line([escapeLatex(corner), ...heads.map((head) => escapeLatex(head.join(' ')))]),
    '\\midrule',
    ...rows.map(({ label, cells }) => line([escapeLatex(label), ...cells.map(cellText)])),
    '\\bottomrule',
    '\\end{tabular}',
    ...(notes.length === 0
      ? []
      : [`\\par\\smallskip{\\footnotesize ${notes.map(escapeLatex).join('. ')}.\\par}`]),
  ].join('\n');
}

/** In one line; what stands in brackets belongs to what stands before it. */
function detailsText({ details }: LayoutCell, escaped: (text: string) => string): string {
  return details.map(escaped).join(', ').replaceAll(', (', ' (');
}

/** A text as Markdown shows it, in one line: no mark-up, no HTML, no end of a table's cell. */
export function escapeMarkdown(text: string): string {
  return text
    .replace(/\p{Cc}+/gu, ' ')
    .replace(/[\\`*_[\]{}#|~]/g, '\\$&')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}

const latexSigns: Readonly<Record<string, string>> = {
  '\\': '\\textbackslash{}',
  '~': '\\textasciitilde{}',
  '^': '\\textasciicircum{}',
  '<': '\\textless{}',
  '>': '\\textgreater{}',
  '|': '\\textbar{}',
  '↑': '$\\uparrow$',
  '↓': '$\\downarrow$',
  Δ: '$\\Delta$',
  '±': '$\\pm$',
  '·': '$\\cdot$',
  '†': '\\textdagger{}',
  '–': '--',
  '—': '--',
};

/** A text as LaTeX sets it; its minus signs are those of mathematics. */
export function escapeLatex(text: string): string {
  return text
    .replace(/\p{Cc}+/gu, ' ')
    .replace(/[\\{}&%$#_~^<>|↑↓Δ±·†–—]/g, (sign) => latexSigns[sign] ?? `\\${sign}`)
    .replace(/(^|[ (])-(?=\d)/g, '$1$-$');
}

/** @file `ehmam paper`: the tables that the EH-MAM paper reports, with our rows where there are records. */
import { UserError } from '../base/errors.js';
import { comparisonFormats, readRecords } from '../results/index.js';
import { formatPaperTable, type PaperTable } from '../results/paper/table.js';
import { hasRecords } from '../results/store.js';
import { defineCommand } from './command.js';

const tables = ['superb', 'low-resource', 'analysis'] as const;

export const paperCommand = defineCommand({
  usage: 'paper <table> [results..]',
  summary: "The paper's tables: published rows, ours where there are records, blanks elsewhere",
  positionals: {
    table: { choices: tables, demandOption: true, describe: 'Which table' },
    results: {
      type: 'string',
      array: true,
      describe:
        'Result folders or record.json files; for low-resource folders of finetuning.json, for analysis also of analysis.json',
    },
  },
  options: {
    baseline: { type: 'string', describe: 'Of low-resource: the row that differences are shown from' },
    format: { choices: comparisonFormats, default: 'table', describe: 'How to write the table' },
  },
  examples: [
    ['paper superb', 'The published rows alone'],
    ['paper superb results/superb --format latex', 'With ours, for a paper'],
    ['paper low-resource results/finetuned', 'Recognisers that were fine-tuned, beside published ones'],
    [
      'paper low-resource results/finetuned --baseline tiny-random',
      'With differences from the random-masking twin',
    ],
    ['paper analysis runs results/mini', 'What analyse found, beside what came of it'],
  ],
  async run({ table, results = [], format, json, baseline }, io) {
    const laid = await layOut(table, results, baseline);
    io.print(formatPaperTable(laid, json ? 'json' : format, { styled: io.styled, width: io.width }));
    return undefined;
  },
});

async function layOut(
  table: (typeof tables)[number],
  results: readonly string[],
  baseline: string | undefined,
): Promise<PaperTable> {
  if (table === 'low-resource') {
    const { lowResourceTable } = await import('../results/paper/low-resource.js');
    const { readFinetunings } = await import('../results/finetunings.js');
    return lowResourceTable(results.length === 0 ? [] : await readFinetunings(results), baseline);
  }
  if (baseline !== undefined)
    throw new UserError(`the table '${table}' shows no differences`, { hint: 'Leave --baseline out' });
  if (table === 'analysis') {
    const { analysisTable, readAnalyses } = await import('../results/paper/analysis.js');
    const analyses = await readAnalyses(results);
    // Folders of analyses alone are no mistake here.
    const wanted = analyses.length === 0 || (await hasRecords(results)) ? results : [];
    return analysisTable(analyses, wanted.length === 0 ? [] : await readRecords(wanted));
  }
  const records = results.length === 0 ? [] : await readRecords(results);
  return (await import('../results/paper/superb.js')).superbTable(records);
}

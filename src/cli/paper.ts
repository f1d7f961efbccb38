/** @file `ehmam paper`: the tables that the EH-MAM paper reports, with our rows where there are records. */
import { comparisonFormats, readRecords } from '../results/index.js';
import { formatPaperTable, type PaperTable } from '../results/paper/table.js';
import { hasRecords } from '../results/store.js';
import { defineCommand } from './command.js';

const tables = ['superb', 'low-resource', 'analysis'] as const;

export const paperCommand = defineCommand({
  usage: 'paper <table> [results..]',
  summary: "Print the paper's tables: published rows, and rows of your results",
  positionals: {
    table: { choices: tables, demandOption: true, describe: 'Name of the table' },
    results: {
      type: 'string',
      array: true,
      describe: 'Result folders or record.json files; for the table analysis also folders with analysis.json',
    },
  },
  options: {
    format: { choices: comparisonFormats, default: 'table', describe: 'Format of the table' },
  },
  examples: [
    ['paper superb', 'Only published rows'],
    ['paper superb results/superb --format latex', 'With your results, as LaTeX'],
    ['paper low-resource results/asr', 'Results on manifests with names such as asr-1h-test-clean.csv'],
    ['paper analysis runs results/mini', 'Analyses of pre-training, with the results of the encoders'],
  ],
  async run({ table, results = [], format, json }, io) {
    const laid = await layOut(table, results);
    io.print(formatPaperTable(laid, json ? 'json' : format, { styled: io.styled, width: io.width }));
    return undefined;
  },
});

async function layOut(table: (typeof tables)[number], results: readonly string[]): Promise<PaperTable> {
  if (table === 'analysis') {
    const { analysisTable, readAnalyses } = await import('../results/paper/analysis.js');
    const analyses = await readAnalyses(results);
    // Folders of analyses alone are no mistake here.
    const wanted = analyses.length === 0 || (await hasRecords(results)) ? results : [];
    return analysisTable(analyses, wanted.length === 0 ? [] : await readRecords(wanted));
  }
  const records = results.length === 0 ? [] : await readRecords(results);
  if (table === 'superb') return (await import('../results/paper/superb.js')).superbTable(records);
  return (await import('../results/paper/low-resource.js')).lowResourceTable(records);
}

/** @file `ehmam paper`: the tables that the EH-MAM paper reports, with our rows where there are records. */
import { UserError } from '../base/errors.js';
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
      describe:
        'Result folders or record.json files; for low-resource folders with finetuning.json, for analysis also with analysis.json',
    },
  },
  options: {
    baseline: { type: 'string', describe: 'For the table low-resource: row that differences are shown from' },
    format: { choices: comparisonFormats, default: 'table', describe: 'Format of the table' },
  },
  examples: [
    ['paper superb', 'Only published rows'],
    ['paper superb results/superb --format latex', 'With your results, as LaTeX'],
    ['paper low-resource results/finetuned', 'Fine-tuned recognisers, beside published results'],
    [
      'paper low-resource results/finetuned --baseline tiny-random',
      'With differences from the encoder pre-trained with random masking',
    ],
    ['paper analysis runs results/mini', 'Analyses of pre-training, with the results of the encoders'],
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
    throw new UserError(`--baseline: not available for the table ${table}`, { hint: 'Remove --baseline' });
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

/** @file `ehmam compare`: result records as one table. */
import { builtInTasks } from '../../tasks/index.js';
import { compareRecords, comparisonFormats, formatComparison, readRecords } from '../results/index.js';
import { withSignificance } from '../results/significance.js';
import { defineCommand } from './command.js';

export const compareCommand = defineCommand({
  usage: 'compare <results..>',
  summary: 'Show result records as one table: encoders by tasks',
  positionals: {
    results: {
      type: 'string',
      array: true,
      demandOption: true,
      describe: 'Result folders or record.json files',
    },
  },
  options: {
    baseline: { type: 'string', describe: 'Encoder to show differences from' },
    format: { choices: comparisonFormats, default: 'table', describe: 'How to write the table' },
    metrics: { choices: ['main', 'all'], default: 'main', describe: "Each task's first metric, or all" },
  },
  examples: [
    ['compare results/demo', 'The table of the demo'],
    ['compare results/demo --baseline fbank', 'With differences from FBANK'],
    ['compare runs/a runs/b --format latex', 'Two runs, for a paper'],
  ],
  async run({ results, baseline, format, metrics, json }, io) {
    const records = await readRecords(results);
    const compared = compareRecords(records, { baseline, metrics });
    const { comparison, untested } = await withSignificance(compared, records, builtInTasks);
    for (const why of untested) io.say(why);
    io.print(formatComparison(comparison, json ? 'json' : format, { styled: io.styled, width: io.width }));
    return undefined;
  },
});

/** @file `ehmam validate`: whether files are what they should be, before anyone builds on them. */
import { defineCommand } from './command.js';

export const validateCommand = defineCommand({
  usage: 'validate <results..>',
  summary: 'Check result records and their predictions',
  positionals: {
    results: {
      type: 'string',
      array: true,
      demandOption: true,
      describe: 'Result folders or record.json files',
    },
  },
  options: {},
  examples: [['validate results/demo', 'Every record under a folder, every line of predictions']],
  async run({ results }, io) {
    const { checkResults } = await import('./validate/results.js');
    const check = await checkResults(results);
    if (io.json) io.print(JSON.stringify(check, null, 2));
    else {
      for (const fault of check.faults) io.print(fault);
      io.print(`${check.records} records, ${check.predictions} predictions, ${check.faults.length} faults`);
    }
    return check.faults.length > 0 ? 2 : 0;
  },
});

/** @file `ehmam history`: each task's metric from state to state of someone's work. */
import { stateOrders } from '../results/history/states.js';
import { defineCommand } from './command.js';
import { levelOption, toleranceOption } from './gate-options.js';
import { resultsPositional } from './results-options.js';

export const historyCommand = defineCommand({
  usage: 'history <results..>',
  summary: 'Show metrics from commit to commit, regressions marked: a table, or one page',
  positionals: {
    results: { ...resultsPositional, describe: 'Results folders, one a commit; or a folder of them' },
  },
  options: {
    out: { type: 'string', describe: 'The HTML file to write (default: print tables)' },
    title: { type: 'string', default: 'History', describe: 'Heading of the page' },
    order: {
      choices: stateOrders,
      default: 'time',
      describe: 'By the time of the newest record, or as the folders are given',
    },
    tolerance: toleranceOption,
    level: levelOption,
  },
  examples: [
    ['history results/ci', 'A folder with a results folder for each commit'],
    ['history results/ci --out history.html', 'As one page'],
    ['history a b c --order given', 'Three states in this order'],
  ],
  async run({ results, out, title, order, tolerance, level }, io) {
    const { writeHistory } = await import('./history/write.js');
    const { history, text, written } = await writeHistory({
      ...{ results, out, title, order, tolerance, level },
      quiet: io.quiet,
      terminal: { styled: io.styled, width: io.width },
    });
    if (io.json) io.print(JSON.stringify({ ...history, ...written }, null, 2));
    else io.print(written === undefined ? text : `${written.out}: ${text}`);
    return undefined;
  },
});

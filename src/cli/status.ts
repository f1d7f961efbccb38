/** @file `ehmam status`: where the work on a suite stands. */
import { defineCommand } from './command.js';

export const statusCommand = defineCommand({
  usage: 'status <folder>',
  summary: 'Show which jobs of a run are done, running and failed',
  positionals: {
    folder: { type: 'string', demandOption: true, describe: "Results folder (--out of 'ehmam run')" },
  },
  options: {},
  examples: [
    ['status results/mine', 'Counts, running jobs with host and process, failures with reasons'],
    ['status results/mine --json', 'The same as JSON, with the keys of all jobs'],
  ],
  async run({ folder }, io) {
    const { statusText, suiteStatus } = await import('../suite/status.js');
    const status = await suiteStatus(folder);
    io.print(io.json ? JSON.stringify(status, null, 2) : statusText(status));
    return undefined;
  },
});

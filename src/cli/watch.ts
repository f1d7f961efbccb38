/** @file `ehmam watch`: a suite's run, live, from another terminal. */
import { isTerminal } from '../base/progress.js';
import { defineCommand } from './command.js';

export const watchCommand = defineCommand({
  usage: 'watch <folder>',
  summary: 'Follow a run from another terminal until it ends',
  positionals: {
    folder: { type: 'string', demandOption: true, describe: "Results folder (--out of 'ehmam run')" },
  },
  options: {},
  examples: [
    [
      'watch results/mine',
      'A progress bar on a terminal, else one line per event; exit code 1 if a job failed',
    ],
  ],
  stopsOnSignal: true,
  async run({ folder }, io) {
    const { watchSuite } = await import('../suite/watch.js');
    const terminal = isTerminal(process.stderr) && isTerminal(process.stdout);
    const { failed } = await watchSuite(folder, { signal: io.signal, terminal, print: io.print });
    return failed === undefined ? undefined : failed > 0 ? 1 : 0;
  },
});

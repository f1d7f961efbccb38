/** @file `ehmam demo`: the mini suite, end to end. */
import { UserError } from '../base/errors.js';
import { compareRecords, formatComparison } from '../results/index.js';
import { defineCommand } from './command.js';
import { jobsOf, jobsOption } from './engine-options.js';

export const demoCommand = defineCommand({
  usage: 'demo',
  summary: 'Run the mini suite end to end: corpus, pre-training, four tasks, table',
  positionals: {},
  options: {
    out: { type: 'string', default: 'results/demo', describe: 'Folder of the records and the two encoders' },
    steps: { type: 'number', describe: 'Updates of each pre-training, in place of the preset' },
    jobs: jobsOption,
  },
  examples: [
    ['demo', 'About ten minutes on two cores; a second time reuses what is done'],
    ['demo --steps 3000 --out results/long', 'Longer pre-training'],
  ],
  stopsOnSignal: true,
  async run({ out, steps, jobs }, io) {
    if (steps !== undefined && !(Number.isInteger(steps) && steps > 0)) {
      throw new UserError(`--steps ${steps} is not possible`, { hint: 'Give a whole number from 1' });
    }
    const { runDemo } = await import('../suite/demo.js');
    const { records, interrupted, summary } = await runDemo({
      outFolder: out,
      steps,
      jobs: jobsOf(jobs),
      quiet: io.quiet,
      signal: io.signal,
      say: io.say,
    });
    if (interrupted) return undefined;
    const { json, styled, width } = io;
    if (records.length > 0)
      io.print(formatComparison(compareRecords(records), json ? 'json' : 'table', { styled, width }));
    io.say(`The records are in ${out}; the same table: ehmam compare ${out}`);
    if (summary === undefined) return undefined;
    process.stderr.write(`${summary}\n`);
    return 1;
  },
});

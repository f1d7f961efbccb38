/** @file `ehmam demo`: the mini suite, end to end. */
import { UserError } from '../base/errors.js';
import { compareRecords, formatComparison } from '../results/index.js';
import { defineCommand } from './command.js';
import { jobsOf, jobsOption } from './engine-options.js';
import { listOf } from './lists.js';

export const demoCommand = defineCommand({
  usage: 'demo',
  summary: 'Run the mini suite end to end: corpus, pre-training, four tasks, table',
  positionals: {},
  options: {
    out: { type: 'string', default: 'results/demo', describe: 'Folder for the results and the two encoders' },
    steps: { type: 'number', default: 1200, describe: 'Updates of each pre-training' },
    tasks: { type: 'string', describe: 'Which of the tasks asr, ks, sid and ic: ks,sid (default: all)' },
    jobs: jobsOption,
  },
  examples: [
    ['demo', 'About a quarter of an hour on two cores; a second call reuses finished work'],
    ['demo --steps 60 --tasks ks,sid', 'A first look in less time'],
    ['demo --steps 3000 --out results/long', 'Longer pre-training'],
  ],
  stopsOnSignal: true,
  async run({ out, steps, tasks, jobs }, io) {
    if (!(Number.isInteger(steps) && steps > 0)) {
      throw new UserError(`--steps ${steps}: expected a whole number, 1 or more`);
    }
    const { runDemo } = await import('../suite/demo.js');
    const { records, interrupted, summary } = await runDemo({
      outFolder: out,
      steps,
      tasks: listOf(tasks, 'tasks'),
      jobs: jobsOf(jobs),
      quiet: io.quiet,
      signal: io.signal,
      say: io.say,
    });
    if (interrupted) return undefined;
    const { json, styled, width } = io;
    if (records.length > 0)
      io.print(formatComparison(compareRecords(records), json ? 'json' : 'table', { styled, width }));
    io.say(`Results are in ${out}. Print the table again: ehmam compare ${out}`);
    if (summary === undefined) return undefined;
    process.stderr.write(`${summary}\n`);
    return 1;
  },
});

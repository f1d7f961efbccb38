/** @file `ehmam work`: does one job of a suite's run, for those who start jobs themselves. */
import { defineCommand } from './command.js';

export const workCommand = defineCommand({
  usage: 'work <state>',
  summary: 'Run one job of a suite (used by launchers)',
  hidden: true,
  positionals: {
    state: { type: 'string', demandOption: true, describe: "State folder of a run: '<out>/.ehmam'" },
  },
  options: {
    job: { type: 'string', demandOption: true, describe: 'Key of the job, or the first characters of it' },
    threads: { type: 'number', describe: 'Number of threads of the engine onnx (default: all cores)' },
  },
  examples: [
    [
      'work results/mine/.ehmam --job KEY',
      'Exit code: 0 done, 1 failed, 69 other jobs must run first, 75 try again later',
    ],
  ],
  stopsOnSignal: true,
  async run({ state: given, job: key, threads }, io) {
    const { doJob, outcomeExitCodes } = await import('../suite/work.js');
    const { performerOf } = await import('../suite/perform.js');
    const { findJob } = await import('../suite/state.js');
    const { resolve } = await import('node:path');
    const state = resolve(given);
    const { graph, job } = await findJob(state, key);
    // Where the graph's relative paths lead.
    process.chdir(graph.folder);
    const outcome = await doJob({ state, graph, perform: performerOf(graph), say: io.say }, job, {
      threads,
      signal: io.signal,
      onProgress: () => undefined,
    });
    if (io.json) io.print(JSON.stringify(outcome));
    else if (outcome.kind === 'failed') process.stderr.write(`ehmam: ${outcome.message}\n`);
    else if (outcome.kind === 'held') io.say(`this job is already run by ${outcome.by}`);
    else if (outcome.kind === 'waiting') io.say(`not done yet: ${outcome.for.join(', ')}`);
    return outcomeExitCodes[outcome.kind];
  },
});

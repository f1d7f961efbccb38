/** @file `ehmam run`: evaluates frozen encoders on the tasks of a suite. */

import { UserError } from '../errors.js';
import { presetNames } from '../heads/presets.js';
import { formatComparison } from '../results/index.js';
import { defineCommand } from './command.js';
import { weightsOption } from './encoder-options.js';
import { engineOptions, engineSettings, jobsOf, jobsOption } from './engine-options.js';
import { listOf } from './lists.js';
import { taskPluginOption } from './plugin-option.js';

export const runCommand = defineCommand({
  usage: 'run',
  summary: 'Evaluate frozen encoders on the tasks of a suite',
  positionals: {},
  options: {
    suite: { type: 'string', demandOption: true, describe: "Suite file (JSON or YAML), or the name 'mini'" },
    tasks: { type: 'string', describe: 'Some of its tasks: asr,ks' },
    encoders: { type: 'string', describe: 'SPECs in place of its own: fbank,runs/tiny' },
    seeds: { type: 'string', describe: 'How many seeds of heads: 5; or which: 1,2,3 (default: 1337 alone)' },
    lr: { type: 'string', describe: "Learning rate of the heads, or 'search': 1e-1 to 1e-5, dev decides" },
    preset: { choices: presetNames, describe: "How heads are trained (default: the suite's, else clean)" },
    out: { type: 'string', demandOption: true, describe: 'Folder of the result records' },
    plugin: taskPluginOption,
    'max-bad': {
      type: 'string',
      default: '0.1%',
      describe: 'Share of utterances whose audio may be unusable',
    },
    weights: weightsOption,
    jobs: jobsOption,
    ...engineOptions,
  },
  examples: [
    ['run --suite mini --encoders fbank,runs/tiny --out results/mine', 'Two encoders, four tasks'],
    ['run --suite suite.yaml --tasks ks --out results/ks', 'One task of a suite of yours'],
  ],
  stopsOnSignal: true,
  async run(args, io) {
    const { runFromSuite } = await import('./run-suite/from-suite.js');
    const { comparison, interrupted, summary } = await runFromSuite({
      suite: args.suite,
      tasks: listOf(args.tasks, 'tasks'),
      encoders: listOf(args.encoders, 'encoders'),
      seeds: listOf(args.seeds, 'seeds'),
      lr: args.lr,
      preset: args.preset,
      out: args.out,
      plugins: listOf(args.plugin, 'plugin'),
      maxBadShare: shareOf(args['max-bad']),
      weights: args.weights,
      engine: engineSettings(args),
      jobs: jobsOf(args.jobs),
      remark: io.say,
      quiet: io.quiet,
      signal: io.signal,
    });
    if (interrupted) return undefined;
    const { styled, width } = io;
    if (comparison !== undefined)
      io.print(formatComparison(comparison, io.json ? 'json' : 'table', { styled, width }));
    if (summary === undefined) return undefined;
    process.stderr.write(`${summary}\n`);
    return 1;
  },
});

/** `0.1%` or `0.001`, from 0 to less than all. */
function shareOf(text: string): number {
  const [, number, percent] = /^(\d+\.?\d*|\.\d+)(%?)$/.exec(text) ?? [];
  const share = Number(number) / (percent === '%' ? 100 : 1);
  if (number !== undefined && share < 1) return share;
  throw new UserError(`--max-bad '${text}' is no share`, { mend: 'Give a percentage: 0.1%' });
}

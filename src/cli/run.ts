/** @file `ehmam run`: evaluates frozen encoders on the tasks of a suite. */

import type { InferredOptionTypes } from 'yargs';
import { presetNames } from '../api/presets.js';
import { parseByteSize } from '../base/byte-size.js';
import { parseChanges } from '../base/changed-settings.js';
import { UserError } from '../base/errors.js';
import { formatComparison } from '../results/index.js';
import { usualSecondsBetweenCheckpoints } from '../training/keep-by-time.js';
import { type CommandIo, defineCommand } from './command.js';
import { weightsOption } from './encoder-options.js';
import { devicesOf, engineOptions, jobsOf, jobsOption, saidOfEngine } from './engine-options.js';
import { listOf } from './lists.js';
import { maxBadOption, shareOf } from './max-bad.js';
import type { RunRequest } from './run/from-suite.js';
import { seedsOf } from './run/seeds.js';
import { setOption } from './set-option.js';
import { tensorboardOption } from './tensorboard-option.js';

/** The options that say what is to be done; `plan` takes them too. */
export const suiteOptions = {
  tasks: { type: 'string', describe: 'Tasks of the suite to run: asr,ks (default: all)' },
  encoders: { type: 'string', describe: "Encoder SPECs that replace the suite's: fbank,runs/tiny" },
  seeds: {
    type: 'string',
    describe:
      'Seeds of heads: how many (5: 1337 to 1341), which (1,2,3), or a single one (1338; up to 100 with a comma: 7,). Default: 1337',
  },
  set: setOption('tasks.ks.settings.maximumUpdates=1000'),
  lr: {
    type: 'string',
    describe: "Learning rate of the heads, or 'search': choose from 1e-1 to 1e-5 on dev",
  },
  preset: {
    choices: presetNames,
    describe: "Training preset of the heads (default: the suite's, else clean)",
  },
  layerwise: { type: 'boolean', describe: 'Also train a head on each hidden state alone (ks, sid, ic, er)' },
  label: { type: 'string', describe: "Name of the results in 'ehmam history' (default: the git commit)" },
  'max-bad': maxBadOption,
  weights: weightsOption,
  ...engineOptions,
} as const;

/** What the words of `run` or `plan` ask for. */
export function requestOf(
  args: InferredOptionTypes<typeof suiteOptions> & { readonly suite: string; readonly out: string },
  io: CommandIo,
): RunRequest {
  return {
    suite: args.suite,
    tasks: listOf(args.tasks, 'tasks'),
    encoders: listOf(args.encoders, 'encoders'),
    seeds: seedsOf(args.seeds),
    changes: parseChanges(args.set),
    lr: args.lr,
    preset: args.preset,
    layerwise: args.layerwise,
    label: args.label,
    out: args.out,
    plugins: io.plugins,
    maxBadShare: shareOf(args['max-bad']),
    weights: args.weights,
    engine: saidOfEngine(args),
    remark: io.say,
    quiet: io.quiet,
    signal: io.signal,
  };
}

export const runCommand = defineCommand({
  usage: 'run',
  summary: 'Run a suite: train encoders and evaluate them on tasks',
  positionals: {},
  options: {
    suite: {
      type: 'string',
      demandOption: true,
      describe: "Suite file (JSON or YAML), or the name 'mini' or 'mini-superb'",
    },
    ...suiteOptions,
    out: { type: 'string', demandOption: true, describe: 'Folder for the results' },
    jobs: jobsOption,
    devices: {
      type: 'string',
      describe: 'CUDA devices to use, one job at a time on each: 0,1 (default: all)',
    },
    'feature-budget': {
      type: 'string',
      describe: 'Disk space for stored features: 200GB; beyond it, features are recomputed when needed',
    },
    'verify-features': {
      type: 'boolean',
      describe: 'Verify all stored features and recompute damaged ones',
    },
    resume: { type: 'boolean', describe: 'Resume heads whose training was interrupted (the default)' },
    'no-resume': { type: 'boolean', describe: 'Restart heads whose training was interrupted' },
    'checkpoint-every': {
      type: 'number',
      default: usualSecondsBetweenCheckpoints,
      describe: 'Seconds between checkpoints while a head is trained',
    },
    tensorboard: tensorboardOption,
    launcher: { choices: ['local', 'slurm'], default: 'local', describe: 'Where jobs run' },
    detach: { type: 'boolean', describe: 'Submit the jobs to Slurm and return' },
  },
  examples: [
    ['run --suite mini --encoders fbank,runs/tiny --out results/mine', 'Two encoders, four tasks'],
    ['run --suite suite.yaml --tasks ks --out results/ks', 'One task of your own suite'],
    ['run --suite mini --encoders runs/tiny --layerwise --out results/layers', 'One head per layer'],
    ['run --suite mini --out results/mine --tensorboard logs', 'With curves for TensorBoard'],
    ['run --suite suite.yaml --out results/ks --no-resume', 'Restart interrupted heads'],
    ['run --suite suite.yaml --out results/all --jobs 4', 'Four jobs at a time'],
    ['run --suite suite.yaml --out results/all --provider cuda --devices 0,1', 'On two GPUs'],
    ['run --suite suite.yaml --out results/all --launcher slurm', 'Job arrays on a Slurm cluster'],
  ],
  stopsOnSignal: true,
  async run(args, io) {
    const { runFromSuite } = await import('./run/from-suite.js');
    const jobs = jobsOf(args.jobs);
    const devices = devicesOf(args.devices);
    const { launcher, detach, 'feature-budget': budget } = args;
    if (detach && launcher !== 'slurm')
      throw new UserError('--detach needs --launcher slurm', { hint: 'Remove it' });
    if (devices !== undefined && launcher === 'slurm')
      throw new UserError('--devices needs --launcher local', {
        hint: 'Slurm chooses the GPUs of its jobs: remove it',
      });
    const { comparison, interrupted, summary, queued } = await runFromSuite({
      ...requestOf(args, io),
      ...{ jobs, launcher, detach, devices },
      verifyFeatures: args['verify-features'],
      tensorboard: args.tensorboard,
      resume: resumes(args.resume, args['no-resume']),
      checkpointSeconds: secondsOf(args['checkpoint-every']),
      featureBudgetBytes: budget === undefined ? undefined : parseByteSize(budget, '--feature-budget'),
    });
    if (interrupted) return undefined;
    if (queued !== undefined && queued > 0)
      io.say(
        `${queued} jobs are in Slurm's queue; see 'ehmam status ${args.out}', or run the command again to wait for them`,
      );
    const { styled, width } = io;
    if (comparison !== undefined)
      io.print(formatComparison(comparison, io.json ? 'json' : 'table', { styled, width }));
    if (summary === undefined) return undefined;
    process.stderr.write(`${summary}\n`);
    return 1;
  },
});

function resumes(wanted: boolean | undefined, unwanted: boolean | undefined): boolean {
  if (wanted && unwanted)
    throw new UserError('--resume and --no-resume cannot be combined', { hint: 'Pass one of them' });
  return !unwanted;
}

function secondsOf(seconds: number): number {
  if (seconds >= 0 && Number.isFinite(seconds)) return seconds;
  throw new UserError(
    `--checkpoint-every '${seconds}': expected a number of seconds, such as 30 (0: after every update)`,
  );
}

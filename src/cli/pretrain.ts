/** @file `ehmam pretrain`: trains an encoder on unlabelled speech. */
import { parseChanges } from '../base/changed-settings.js';
import { defineCommand } from './command.js';
import { engineOptions, engineSettings } from './engine-options.js';
import { setOption } from './set-option.js';
import { tensorboardOption } from './tensorboard-option.js';

export const pretrainCommand = defineCommand({
  usage: 'pretrain',
  summary: 'Pre-train an encoder on unlabelled speech (EH-MAM)',
  positionals: {},
  options: {
    preset: { type: 'string', default: 'tiny', describe: 'Sizes and schedule: tiny, small or base' },
    config: { type: 'string', describe: "JSON or YAML file of settings in place of the preset's" },
    set: setOption('batch.size=4'),
    masking: { type: 'string', describe: "See 'ehmam list maskings' (preset: easy-to-hard)" },
    manifest: { type: 'string', demandOption: true, describe: 'CSV of the audio' },
    root: { type: 'string', describe: "Folder that its paths are relative to (default: the manifest's)" },
    split: { type: 'string', default: 'train', describe: 'Rows of the manifest to train on' },
    out: { type: 'string', demandOption: true, describe: 'Folder of the run, then of the encoder' },
    resume: { type: 'boolean', describe: 'Go on from the last checkpoint in --out' },
    steps: { type: 'number', describe: 'Updates, in place of the preset; schedules scale with them' },
    seed: { type: 'number', describe: "Seed, in place of the preset's" },
    tensorboard: tensorboardOption,
    ...engineOptions,
  },
  examples: [
    ['pretrain --manifest speech.csv --out runs/tiny', 'Minutes on two cores'],
    ['pretrain --manifest speech.csv --out runs/tiny --resume', 'Go on after Ctrl-C'],
    ['pretrain --config mine.yaml --manifest speech.csv --out runs/mine', 'Settings of your own'],
    [
      'pretrain --set batch.size=4 --set masking.span=5 --manifest speech.csv --out runs/four',
      'Single settings in place of the preset',
    ],
    ['pretrain --manifest speech.csv --out runs/tiny --tensorboard logs/tiny', 'tensorboard --logdir logs'],
    ['pretrain --masking random --manifest speech.csv --out runs/random', 'The baseline'],
  ],
  stopsOnSignal: true,
  async run(args, io) {
    const { pretrainFromManifest } = await import('./pretrain/from-manifest.js');
    const { finished, steps, last } = await pretrainFromManifest({
      preset: args.preset,
      config: args.config,
      changes: parseChanges(args.set),
      masking: args.masking,
      manifest: args.manifest,
      root: args.root,
      split: args.split,
      out: args.out,
      resume: args.resume ?? false,
      steps: args.steps,
      seed: args.seed,
      tensorboard: args.tensorboard,
      engine: engineSettings(args),
      quiet: io.quiet,
      signal: io.signal,
      say: io.say,
    });
    if (io.json) io.print(JSON.stringify({ out: args.out, finished, steps, last: last ?? null }, null, 2));
    else if (finished)
      io.print(`${args.out} is ready after ${steps} steps: a SPEC for 'ehmam run' and 'ehmam features'`);
    else io.say(`stopped after ${steps} steps; --resume goes on from there`);
    return undefined;
  },
});

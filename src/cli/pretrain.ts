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
    preset: {
      type: 'string',
      describe: 'Sizes and schedule: tiny, small or base (default: tiny; with --init, the one of its sizes)',
    },
    init: {
      type: 'string',
      describe:
        'Start from the weights of a checkpoint: a folder of pretrain, or a .pt of EH-MAM or data2vec 2.0',
    },
    config: { type: 'string', describe: "JSON or YAML file of settings that replace the preset's" },
    set: setOption('batch.size=4'),
    masking: {
      type: 'string',
      describe: "Masking strategy (see 'ehmam list maskings'; preset: easy-to-hard)",
    },
    manifest: { type: 'string', demandOption: true, describe: 'Manifest (CSV) of the audio' },
    root: { type: 'string', describe: "Folder of the audio (default: the manifest's folder)" },
    split: { type: 'string', default: 'train', describe: 'Split of the manifest to train on' },
    out: { type: 'string', demandOption: true, describe: 'Folder for the run and the trained encoder' },
    resume: { type: 'boolean', describe: 'Resume from the last checkpoint in --out' },
    steps: { type: 'number', describe: "Number of updates (default: the preset's); schedules are scaled" },
    seed: { type: 'number', describe: "Random seed (default: the preset's)" },
    tensorboard: tensorboardOption,
    probe: {
      type: 'string',
      describe:
        'Probe the encoder while it trains, with the tasks of a suite (mini, or a file) on means over time',
    },
    every: { type: 'number', describe: 'Updates between probes (default: a tenth of all, at least 200)' },
    'probe-limit': {
      type: 'number',
      describe: 'Most train utterances of a probed task; half as many of dev (default: 400)',
    },
    ...engineOptions,
  },
  examples: [
    ['pretrain --manifest speech.csv --out runs/tiny', 'A few minutes on two cores'],
    ['pretrain --manifest speech.csv --out runs/tiny --resume', 'Resume after Ctrl-C'],
    ['pretrain --config mine.yaml --manifest speech.csv --out runs/mine', 'With your own settings'],
    [
      'pretrain --set batch.size=4 --set masking.span=5 --manifest speech.csv --out runs/four',
      'With two settings changed',
    ],
    ['pretrain --manifest speech.csv --out runs/tiny --tensorboard logs/tiny', 'With curves for TensorBoard'],
    [
      'pretrain --manifest speech.csv --out runs/tiny --probe mini --every 100',
      'Watch what the encoder is good for',
    ],
    ['pretrain --init eh-mam.pt --manifest speech.csv --out runs/mine', 'Continue from released weights'],
    [
      'pretrain --masking random --manifest speech.csv --out runs/random',
      'The baseline, with random masking',
    ],
  ],
  stopsOnSignal: true,
  async run(args, io) {
    const { pretrainFromManifest } = await import('./pretrain/from-manifest.js');
    const { finished, steps, last } = await pretrainFromManifest({
      preset: args.preset,
      init: args.init,
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
      probe: args.probe,
      every: args.every,
      probeLimit: args['probe-limit'],
      engine: engineSettings(args),
      quiet: io.quiet,
      signal: io.signal,
      say: io.say,
    });
    if (io.json) io.print(JSON.stringify({ out: args.out, finished, steps, last: last ?? null }, null, 2));
    else if (finished)
      io.print(
        `${args.out} is ready after ${steps} steps; use it as a SPEC in 'ehmam run' and 'ehmam features'`,
      );
    else io.say(`stopped after ${steps} steps; continue with --resume`);
    return undefined;
  },
});

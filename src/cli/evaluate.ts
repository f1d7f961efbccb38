/** @file `ehmam evaluate`: a trained head on another manifest or split. */
import { defineCommand } from './command.js';
import { specDescription, weightsOption } from './encoder-options.js';
import { engineOptions, engineSettings } from './engine-options.js';
import { listOf } from './lists.js';
import { maxBadOption, shareOf } from './max-bad.js';

export const evaluateCommand = defineCommand({
  usage: 'evaluate <head>',
  summary: 'Judge a trained head on another manifest or split',
  positionals: {
    head: {
      type: 'string',
      demandOption: true,
      describe: 'Folder of a result (results/ENCODER/TASK), or the file of a head in it',
    },
  },
  options: {
    manifest: { type: 'string', demandOption: true, describe: 'CSV of the utterances' },
    root: { type: 'string', describe: "Folder of the audio (default: the manifest's)" },
    pairs: { type: 'string', describe: 'CSV of the pairs that the task judges: trials.csv' },
    split: { type: 'string', default: 'test', describe: 'Splits of the manifest, each judged: dev,train' },
    fold: { type: 'string', describe: 'Of a cross-validated task (er): the fold whose head it is' },
    out: { type: 'string', describe: 'Folder for evaluation.json and the predictions of every split' },
    encoder: { type: 'string', describe: `${specDescription} (default: the one that the result names)` },
    weights: weightsOption,
    'max-bad': maxBadOption,
    ...engineOptions,
  },
  examples: [
    ['evaluate results/mine/tiny/ks --manifest other.csv --split test', 'Keywords of another corpus'],
    [
      'evaluate results/mine/tiny/ks --manifest ks.csv --split dev,train --out evaluations/ks',
      'What dev and train say',
    ],
    ['evaluate results/mine/tiny/asv --manifest voices.csv --pairs trials-hard.csv', 'Other trials'],
    [
      'evaluate results/a/tiny/asr --manifest asr.csv --encoder runs/tiny --json',
      'Where the encoder lies elsewhere',
    ],
  ],
  async run(args, io) {
    const { evaluateFromCli, evaluationText } = await import('./evaluate/of-head.js');
    const evaluation = await evaluateFromCli({
      head: args.head,
      fold: args.fold,
      manifest: args.manifest,
      root: args.root,
      pairs: args.pairs,
      splits: listOf(args.split, 'split') ?? [],
      out: args.out,
      encoder: args.encoder,
      weights: args.weights,
      maxBadShare: shareOf(args['max-bad']),
      engine: engineSettings(args),
      quiet: io.quiet,
    });
    io.print(io.json ? JSON.stringify(evaluation, null, 2) : evaluationText(evaluation, args.out));
    return undefined;
  },
});

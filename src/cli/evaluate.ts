/** @file `ehmam evaluate`: a trained head on another manifest or split. */
import { defineCommand } from './command.js';
import { specDescription, weightsOption } from './encoder-options.js';
import { engineOptions, engineSettings } from './engine-options.js';
import { listOf } from './lists.js';
import { maxBadOption, shareOf } from './max-bad.js';

export const evaluateCommand = defineCommand({
  usage: 'evaluate <head>',
  summary: 'Evaluate a trained head on another manifest or split',
  positionals: {
    head: {
      type: 'string',
      demandOption: true,
      describe: 'Result folder (results/ENCODER/TASK), or a head file in it',
    },
  },
  options: {
    manifest: { type: 'string', demandOption: true, describe: 'Manifest (CSV) of the utterances' },
    root: { type: 'string', describe: "Folder of the audio (default: the manifest's folder)" },
    pairs: { type: 'string', describe: 'CSV of the pairs to evaluate, for tasks on pairs: trials.csv' },
    split: { type: 'string', default: 'test', describe: 'Splits of the manifest to evaluate: dev,train' },
    fold: { type: 'string', describe: 'Fold of the head, for cross-validated tasks (er)' },
    out: { type: 'string', describe: 'Folder for evaluation.json and the predictions of every split' },
    encoder: { type: 'string', describe: `${specDescription} (default: the encoder of the result)` },
    weights: weightsOption,
    'max-bad': maxBadOption,
    ...engineOptions,
  },
  examples: [
    ['evaluate results/mine/tiny/ks --manifest other.csv --split test', 'Keyword spotting on another corpus'],
    [
      'evaluate results/mine/tiny/ks --manifest ks.csv --split dev,train --out evaluations/ks',
      'Metrics on dev and train',
    ],
    [
      'evaluate results/mine/tiny/asv --manifest voices.csv --pairs trials-hard.csv',
      'A different list of trials',
    ],
    ['evaluate results/a/tiny/asr --manifest asr.csv --encoder runs/tiny --json', 'If the encoder was moved'],
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
      remark: io.say,
    });
    io.print(io.json ? JSON.stringify(evaluation, null, 2) : evaluationText(evaluation, args.out));
    return undefined;
  },
});

/** @file `ehmam analyse`: what a pre-training finds hard, and why. */
import { defineCommand } from './command.js';
import { engineOptions, engineSettings } from './engine-options.js';

export const analyseCommand = defineCommand({
  usage: 'analyse <checkpoint>',
  summary: 'Analyse what a pre-training finds hard to reconstruct',
  positionals: {
    checkpoint: {
      type: 'string',
      demandOption: true,
      describe: "Folder of 'ehmam pretrain', or a file of the official trainer (.pt)",
    },
  },
  options: {
    manifest: {
      type: 'string',
      demandOption: true,
      describe: 'CSV of the audio; it may have a column alignment',
    },
    root: { type: 'string', describe: "Folder that its paths are relative to (default: the manifest's)" },
    split: { type: 'string', describe: 'Rows of the manifest to analyse (default: all)' },
    limit: { type: 'number', describe: 'Analyse the first so many utterances (default: all)' },
    utterance: { type: 'string', describe: 'Id of the utterance to draw (default: the first)' },
    out: { type: 'string', describe: 'Folder for analysis.json, drawings.jsonl and utterance.svg' },
    seed: { type: 'number', default: 1, describe: 'Seed of the masks' },
    ...engineOptions,
  },
  examples: [
    ['analyse runs/tiny --manifest speech.csv --split dev --out runs/tiny/analysis', 'Numbers and a picture'],
    ['analyse runs/tiny --manifest speech.csv --limit 50 --json', 'Fifty utterances, for a machine'],
  ],
  async run(args, io) {
    const { analyseManifest } = await import('./analyse/of-manifest.js');
    const { report, text } = await analyseManifest({
      checkpoint: args.checkpoint,
      manifest: args.manifest,
      root: args.root,
      split: args.split,
      limit: args.limit,
      utterance: args.utterance,
      out: args.out,
      seed: args.seed,
      engine: engineSettings(args),
      quiet: io.quiet,
    });
    io.print(io.json ? JSON.stringify(report, null, 2) : text);
    return undefined;
  },
});

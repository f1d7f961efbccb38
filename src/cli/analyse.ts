/** @file `ehmam analyse`: what a pre-training finds hard, and why. */
import { defineCommand } from './command.js';
import { engineOptions, engineSettings } from './engine-options.js';

export const analyseCommand = defineCommand({
  usage: 'analyse <checkpoint>',
  summary: 'Show which frames a pre-trained model finds hard to reconstruct',
  positionals: {
    checkpoint: {
      type: 'string',
      demandOption: true,
      describe: "Folder written by 'ehmam pretrain', or a checkpoint of the official trainer (.pt)",
    },
  },
  options: {
    manifest: {
      type: 'string',
      demandOption: true,
      describe: "Manifest (CSV) of the audio; a column 'alignment' is optional",
    },
    root: { type: 'string', describe: "Folder of the audio (default: the manifest's folder)" },
    split: { type: 'string', describe: 'Split of the manifest to analyse (default: all rows)' },
    limit: { type: 'number', describe: 'Analyse only the first N utterances (default: all)' },
    utterance: { type: 'string', describe: 'Id of the utterance to plot (default: the first)' },
    out: { type: 'string', describe: 'Folder for analysis.json, drawings.jsonl and utterance.svg' },
    seed: { type: 'number', default: 1, describe: 'Random seed of the masks' },
    ...engineOptions,
  },
  examples: [
    ['analyse runs/tiny --manifest speech.csv --split dev --out runs/tiny/analysis', 'Statistics and a plot'],
    ['analyse runs/tiny --manifest speech.csv --limit 50 --json', 'Fifty utterances, as JSON'],
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
      remark: io.say,
    });
    io.print(io.json ? JSON.stringify(report, null, 2) : text);
    return undefined;
  },
});

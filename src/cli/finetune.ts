/** @file `ehmam finetune`: an encoder becomes a recogniser, from speech with texts. */
import { parseChanges } from '../base/changed-settings.js';
import { defineCommand } from './command.js';
import { specDescription, weightsOption } from './encoder-options.js';
import { engineOptions, engineSettings } from './engine-options.js';
import { setOption } from './set-option.js';
import { tensorboardOption } from './tensorboard-option.js';

export const finetuneCommand = defineCommand({
  usage: 'finetune <spec>',
  summary: 'Train an encoder to recognise speech (CTC) on minutes or hours of it with texts',
  positionals: {
    spec: { type: 'string', demandOption: true, describe: specDescription },
  },
  options: {
    manifest: {
      type: 'string',
      demandOption: true,
      describe:
        "Manifest (CSV) with a text column: split 'train' to train on, 'dev' to choose, any others to test",
    },
    dev: { type: 'string', describe: "Another manifest with the split 'dev' (default: --manifest)" },
    root: { type: 'string', describe: "Folder of the audio (default: the manifest's folder)" },
    preset: {
      type: 'string',
      default: '10m',
      describe: 'Settings by amount of labelled audio: 10m, 1h, 10h or 100h',
    },
    config: { type: 'string', describe: "JSON or YAML file of settings that replace the preset's" },
    set: setOption('batch.samples=1600000'),
    out: { type: 'string', demandOption: true, describe: 'Folder for the run and the fine-tuned encoder' },
    resume: { type: 'boolean', describe: 'Resume from the checkpoint in --out' },
    steps: {
      type: 'number',
      describe: "Number of updates (default: the preset's); schedules are scaled",
    },
    seed: { type: 'number', describe: "Random seed (default: the preset's)" },
    'keep-output': {
      type: 'boolean',
      describe: 'Keep the output layer and tokens of an encoder that was fine-tuned before',
    },
    lm: { type: 'string', describe: 'n-gram language model (ARPA, plain or .gz) to decode with as well' },
    lexicon: {
      type: 'string',
      describe: "With --lm: file of words and their tokens (default: the model's words)",
    },
    beam: { type: 'number', describe: 'With --lm: beam size (default: 500)' },
    'lm-weight': { type: 'number', describe: 'With --lm: weight of the model (default: searched on dev)' },
    'word-score': { type: 'number', describe: 'With --lm-weight: score added for every word (default: -1)' },
    'checkpoint-every': {
      type: 'number',
      describe: 'Seconds between checkpoints; 0: after every update (default: 30)',
    },
    tensorboard: tensorboardOption,
    weights: weightsOption,
    ...engineOptions,
  },
  examples: [
    ['finetune runs/tiny --manifest speech.csv --out runs/tiny-10m', 'Ten minutes of labels'],
    ['finetune runs/tiny --manifest speech.csv --out runs/tiny-10m --resume', 'Resume after Ctrl-C'],
    [
      'finetune hf:facebook/wav2vec2-base --manifest 1h.csv --preset 1h --out runs/1h --lm 4-gram.arpa.gz',
      'Decode with a language model, its weights tuned on dev',
    ],
    [
      'finetune runs/tiny --manifest speech.csv --steps 1000 --set learningRate=0.0005 --out runs/short',
      'Fewer updates, another learning rate',
    ],
    ['finetune runs/tiny-10m --manifest more.csv --keep-output --out runs/more', 'Continue with more data'],
  ],
  stopsOnSignal: true,
  async run(args, io) {
    const { finetuneFromManifest } = await import('./finetune/from-manifest.js');
    const { finished, updates, record } = await finetuneFromManifest({
      spec: args.spec,
      weights: args.weights,
      manifest: args.manifest,
      dev: args.dev,
      root: args.root,
      preset: args.preset,
      config: args.config,
      changes: parseChanges(args.set),
      steps: args.steps,
      seed: args.seed,
      out: args.out,
      resume: args.resume ?? false,
      keepOutput: args['keep-output'] ?? false,
      decoding: {
        lm: args.lm,
        lexicon: args.lexicon,
        beam: args.beam,
        lmWeight: args['lm-weight'],
        wordScore: args['word-score'],
      },
      checkpointSeconds: args['checkpoint-every'],
      tensorboard: args.tensorboard,
      engine: engineSettings(args),
      quiet: io.quiet,
      signal: io.signal,
      say: io.say,
    });
    if (io.json) {
      io.print(JSON.stringify({ out: args.out, finished, updates, record: record ?? null }, null, 2));
      return undefined;
    }
    if (record === undefined) {
      io.say(`stopped after ${updates} updates; --resume continues from there`);
      return undefined;
    }
    const { resultText } = await import('./finetune/result-text.js');
    io.print(resultText(args.out, record));
    return undefined;
  },
});

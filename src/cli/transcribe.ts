/** @file `ehmam transcribe`: the text of any audio, by a fine-tuned recogniser. */
import type { InferredOptionTypes, Options } from 'yargs';
import { plainText, UserError } from '../base/errors.js';
import { defineCommand } from './command.js';
import { specDescription } from './encoder-options.js';
import { engineOptions, engineSettings } from './engine-options.js';
import { listOf } from './lists.js';
import type { LanguageRequest } from './transcribe/language.js';
import { type TranscriptFormat, transcriptFormats } from './transcribe/output.js';

const options = {
  manifest: { type: 'string', describe: 'CSV of utterances, in place of files: its ids name them' },
  root: { type: 'string', describe: "Folder of the manifest's audio (default: the manifest's)" },
  split: { type: 'string', describe: 'Some of its splits: test-clean,test-other (default: all)' },
  format: {
    choices: transcriptFormats,
    describe: 'text (default), json (as --json: words and tokens with their times), or subtitles: srt, vtt',
  },
  out: { type: 'string', describe: 'File to write to; of several subtitles, a folder (default: print)' },
  resume: { type: 'boolean', describe: 'Skip what --out already contains' },
  lm: { type: 'string', describe: 'Language model: an ARPA file of words, plain or .gz' },
  lexicon: { type: 'string', describe: "Words and their tokens, a line each (default: the model's words)" },
  'lm-weight': {
    type: 'number',
    describe: 'How much the model counts (default: what ehmam finetune found on dev with it, else 2)',
  },
  'word-score': { type: 'number', describe: 'Added for every word (default: as found, else -1)' },
  'silence-score': {
    type: 'number',
    describe: 'Added for every frame between words (default: as found, else 0)',
  },
  beam: { type: 'number', describe: 'How many hypotheses are followed with --lm (default: 50)' },
  window: { type: 'number', default: 20, describe: 'Seconds of a long recording that are read at once' },
  overlap: { type: 'number', default: 4, describe: 'Seconds that two such windows share' },
  encoder: {
    type: 'string',
    describe: `Of a result of asr: ${specDescription} (default: the one that the result names)`,
  },
  ...engineOptions,
} as const satisfies Record<string, Options>;

type TranscribeArguments = InferredOptionTypes<typeof options> & {
  readonly model: string;
  readonly audio?: readonly string[] | undefined;
};

export const transcribeCommand = defineCommand({
  usage: 'transcribe <model> [audio..]',
  summary: 'Write down what is said in audio files, with a fine-tuned recogniser',
  positionals: {
    model: {
      type: 'string',
      demandOption: true,
      describe:
        "Folder that 'ehmam finetune' wrote, a *ForCTC model of transformers (folder or hf:OWNER/NAME), or a result of the task asr",
    },
    audio: { type: 'string', array: true, describe: 'Audio files, and folders that are searched for them' },
  },
  options,
  examples: [
    ['transcribe runs/asr a.wav', 'The text; of several files a line each, with the path before it'],
    ['transcribe hf:facebook/wav2vec2-base-960h talk.flac --format srt --out talk.srt', 'Subtitles'],
    ['transcribe runs/asr recordings --json --out said.jsonl', 'Words and tokens with times, a file a line'],
    ['transcribe runs/asr a.wav --lm 4-gram.arpa.gz --beam 500', 'With a language model'],
    ['transcribe runs/asr --manifest asr.csv --split test --json', "Lines for 'ehmam score asr'"],
  ],
  stopsOnSignal: true,
  async run(args, io) {
    const { transcribeAll } = await import('./transcribe/run.js');
    const { done, failed, interrupted } = await transcribeAll({
      ...{ model: args.model, encoder: args.encoder, ...recordingsAsked(args) },
      ...{ format: formatOf(args.format, io.json), out: args.out, resume: resumes(args) },
      ...{ windowSeconds: args.window, overlapSeconds: args.overlap },
      ...{ language: languageOf(args), engine: engineSettings(args) },
      ...{ quiet: io.quiet, signal: io.signal, print: io.print, say: io.say },
      complain: (text) => process.stderr.write(`ehmam: ${plainText(text)}\n`),
    });
    if (interrupted) return undefined;
    if (args.out !== undefined) io.say(`ehmam: ${done} transcribed, written to ${args.out}`);
    if (failed > 0) io.say(`ehmam: ${failed} could not be transcribed`);
    return failed > 0 ? 1 : undefined;
  },
});

/** @throws UserError unless there are files or a manifest, one of them */
function recordingsAsked({ audio = [], manifest, root, split }: TranscribeArguments) {
  if (audio.length > 0 === (manifest !== undefined)) {
    throw new UserError('expected audio files or --manifest, one of them', {
      hint: 'ehmam transcribe MODEL a.wav',
    });
  }
  const [foreign] = Object.entries({ root, split }).filter(([, value]) => value !== undefined);
  if (manifest === undefined && foreign !== undefined)
    throw new UserError(`--${foreign[0]} requires --manifest`, { hint: `Remove --${foreign[0]}` });
  return { audio, manifest, root, splits: listOf(split, 'split') };
}

function formatOf(format: TranscriptFormat | undefined, json: boolean): TranscriptFormat {
  if (json && format !== undefined && format !== 'json')
    throw new UserError(`--json and --format ${format} cannot be combined`, { hint: 'Remove one of them' });
  return format ?? (json ? 'json' : 'text');
}

function resumes({ resume = false, out }: TranscribeArguments): boolean {
  if (resume && out === undefined) throw new UserError('--resume requires --out', { hint: 'Add --out FILE' });
  return resume;
}

/** @throws UserError for what only a language model takes, and for a beam that is none */
function languageOf(args: TranscribeArguments): LanguageRequest | undefined {
  const { lm, lexicon, beam } = args;
  const weights = { lm: args['lm-weight'], word: args['word-score'], silence: args['silence-score'] };
  const given = {
    ...{ lexicon, 'lm-weight': weights.lm, 'word-score': weights.word },
    ...{ 'silence-score': weights.silence, beam },
  };
  if (lm === undefined) {
    const [foreign] = Object.entries(given).filter(([, value]) => value !== undefined);
    if (foreign !== undefined)
      throw new UserError(`--${foreign[0]} requires --lm`, { hint: 'Add --lm FILE, an ARPA file' });
    return undefined;
  }
  if (beam !== undefined && !(Number.isInteger(beam) && beam > 0))
    throw new UserError(`invalid value '${beam}' of --beam`, { hint: 'Expected a whole number from 1' });
  return { arpa: lm, lexicon, weights, beam: beam ?? 50 };
}

/** @file `ehmam prepare`: manifests of a corpus on disk. */
import { UserError } from '../base/errors.js';
import { defineCommand } from './command.js';
import { listOf } from './lists.js';

const optionNames = {
  subsets: '--subsets',
  lexicon: '--lexicon',
  trials: '--trials',
  devTrials: '--dev-trials',
  labelFromParent: '--label-from-parent',
  splitBySpeaker: '--split-by-speaker',
  texts: '--texts',
} as const;

export const prepareCommand = defineCommand({
  usage: 'prepare <corpus>',
  summary: 'Write the manifests of a corpus as its publisher lays it out',
  positionals: {
    corpus: { type: 'string', demandOption: true, describe: "Its name: 'ehmam list corpora'" },
  },
  options: {
    root: {
      type: 'string',
      demandOption: true,
      describe: 'Folder that the corpus lies in, or is unpacked into',
    },
    from: {
      type: 'string',
      array: true,
      describe: 'Archives (.tar, .tar.gz, .zip) to unpack into --root first, with checks',
    },
    unchecked: { type: 'boolean', describe: 'Take archives whose digest is not the published one' },
    out: { type: 'string', demandOption: true, describe: 'Folder of the manifests' },
    fast: { type: 'boolean', describe: 'Do not read headers: no durations, damage goes unnoticed' },
    subsets: {
      type: 'string',
      describe: 'librispeech: train-clean-100,dev-clean,test-clean (default); asterisk: en,es,fr,it,ru',
    },
    lexicon: {
      type: 'string',
      describe:
        'librispeech: files of words and their phones, which become the column phones (pr): A.txt,B.txt',
    },
    trials: {
      type: 'string',
      describe: "voxceleb1-verification: list of test trials (default: the folder's)",
    },
    'dev-trials': {
      type: 'string',
      describe:
        'voxceleb1-verification: list of dev trials, whose speakers train lacks; none (default: drawn)',
    },
    'label-from-parent': { type: 'boolean', describe: "folder: a file's folder is its label" },
    'split-by-speaker': { type: 'boolean', describe: 'folder: no speaker in two splits' },
    texts: { type: 'string', describe: 'folder: CSV with path, and text, speaker, label, split' },
  },
  examples: [
    ['prepare librispeech --root /data --out manifests', 'asr.csv of train-clean-100, dev-clean, test-clean'],
    [
      'prepare librispeech --from dev-clean.tar.gz --root /data --subsets dev-clean --out manifests',
      'Unpacks the archive into /data; goes on where an earlier call was stopped',
    ],
    [
      'prepare librispeech --root /data --lexicon librispeech-lexicon-200k-g2p.txt --out manifests',
      'Phones too, for pr; of several pronunciations of a word the first one counts',
    ],
    ['prepare iemocap --root /data --out manifests', 'er.csv: four emotions of the sessions, for er'],
    [
      'prepare voxceleb1-verification --root /data/VoxCeleb1 --trials voxceleb1_test_v2.txt --out manifests',
      'asv.csv and asv-trials.csv; --dev-trials none for the preset superb, which chooses on test',
    ],
    ['prepare libri2mix --root /data --out manifests', 'sd.csv, turns from RTTM'],
    ['prepare folder --root birds --label-from-parent --out manifests', 'Any tree of audio files'],
  ],
  async run(args, io) {
    const { corpora, prepareCorpus } = await import('../data/corpora/index.js');
    const { mendOfName } = await import('../base/names.js');
    const corpus = corpora.find(({ name }) => name === args.corpus);
    if (corpus === undefined) {
      const names = corpora.map(({ name }) => name);
      throw new UserError(`no corpus '${args.corpus}'`, { mend: mendOfName(args.corpus, names) });
    }
    const options = {
      subsets: listOf(args.subsets, 'subsets'),
      lexicon: listOf(args.lexicon, 'lexicon'),
      trials: args.trials,
      devTrials: args['dev-trials'],
      labelFromParent: args['label-from-parent'],
      splitBySpeaker: args['split-by-speaker'],
      texts: args.texts,
    };
    for (const [name, option] of Object.entries(optionNames)) {
      const key = name as keyof typeof optionNames;
      if (options[key] !== undefined && !corpus.understands.includes(key)) {
        throw new UserError(`${corpus.name} has no ${option}`, { mend: 'Leave it out' });
      }
    }
    const { root, from, unchecked, out, fast } = args;
    const prepared = await prepareCorpus(corpus, {
      ...options,
      root,
      from,
      unchecked,
      out,
      fast,
      quiet: io.quiet,
    });
    for (const remark of prepared.remarks) io.say(`ehmam: ${remark}`);
    if (io.json) io.print(JSON.stringify(prepared, null, 2));
    const countsOf = (splits: Readonly<Record<string, number>>): string =>
      Object.entries(splits)
        .map(([split, count]) => `${split} ${count}`)
        .join(', ');
    for (const { file, splits, hours } of io.json ? [] : prepared.manifests)
      io.print(`${file}: ${countsOf(splits)}${hours === undefined ? '' : `; ${hours.toFixed(1)} h`}`);
    for (const { file, splits } of io.json ? [] : (prepared.pairs ?? []))
      io.print(`${file}: pairs: ${countsOf(splits)}`);
    return undefined;
  },
});

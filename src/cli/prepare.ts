/** @file `ehmam prepare`: manifests of a corpus on disk. */
import type { InferredOptionTypes, Options } from 'yargs';
import { UserError } from '../base/errors.js';
import type { Corpus, PreparedCorpus } from '../data/corpora/index.js';
import { splitChoices } from '../data/corpora/toolkits/split-names.js';
import { defineCommand } from './command.js';
import { listOf } from './lists.js';

/** The options that only some corpora understand. */
const optionNames = {
  subsets: '--subsets',
  lexicon: '--lexicon',
  limited: '--limited',
  fold: '--fold',
  trials: '--trials',
  devTrials: '--dev-trials',
  labelFromParent: '--label-from-parent',
  splitBySpeaker: '--split-by-speaker',
  texts: '--texts',
} as const;

const options = {
  root: {
    type: 'string',
    describe:
      'Folder that contains the corpus, or that it is unpacked into; for toolkits the folder of the audio',
  },
  from: {
    type: 'string',
    array: true,
    describe: 'Archives (.tar, .tar.gz, .zip) to verify and unpack into --root first',
  },
  unchecked: { type: 'boolean', describe: 'Accept archives whose checksum differs from the published one' },
  out: { type: 'string', demandOption: true, describe: 'Folder for the manifests' },
  fast: {
    type: 'boolean',
    describe: 'Do not read audio headers: no durations, and damaged files are not noticed',
  },
  subsets: {
    type: 'string',
    describe:
      'librispeech: train-clean-100,dev-clean,test-clean (default; with --limited dev-other,test-clean,test-other); asterisk: en,es,fr,it,ru',
  },
  lexicon: {
    type: 'string',
    describe: 'librispeech: pronunciation lexicons, used for the column phones (pr): A.txt,B.txt',
  },
  limited: {
    type: 'string',
    describe:
      "librispeech: folder of Libri-light's librispeech_finetuning: manifests of 10 min, 1 h, 10 h and 100 h for ehmam finetune",
  },
  fold: { type: 'string', describe: 'librispeech --limited: which ten minutes, 0 to 5, or all (default: 0)' },
  trials: {
    type: 'string',
    describe: 'voxceleb1-verification: list of test trials (default: the one in the folder)',
  },
  'dev-trials': {
    type: 'string',
    describe:
      'voxceleb1-verification: list of dev trials, or none; their speakers are not in train (default: random trials)',
  },
  'label-from-parent': { type: 'boolean', describe: "folder: use the name of a file's folder as its label" },
  'split-by-speaker': {
    type: 'boolean',
    describe: 'folder, toolkits: put every speaker into one split only',
  },
  texts: {
    type: 'string',
    describe: 'folder: CSV with the column path, and optionally text, speaker, label, split',
  },
  split: {
    choices: splitChoices,
    describe: 'toolkits: split of all rows; drawn: 80, 10, 10 % by a hash of the id',
  },
  columns: {
    type: 'string',
    describe: 'toolkits: rename columns, OURS=THEIRS: text=sentence,speaker=client_id; audio=NAME',
  },
  unpack: {
    type: 'string',
    describe: 'parquet, webdataset: folder to extract the audio to (default: read it in place)',
  },
} as const satisfies Record<string, Options>;

type PrepareArguments = InferredOptionTypes<typeof options> & {
  readonly corpus: string;
  readonly inputs?: readonly string[] | undefined;
};

export const prepareCommand = defineCommand({
  usage: 'prepare <corpus> [inputs..]',
  summary: "Write the manifests of a corpus, from its published layout or a toolkit's format",
  positionals: {
    corpus: { type: 'string', demandOption: true, describe: "Name of the corpus (see 'ehmam list corpora')" },
    inputs: {
      type: 'string',
      array: true,
      describe: 'kaldi, nemo, lhotse, parquet, webdataset: files or folders, or train=PATH dev=PATH',
    },
  },
  options,
  examples: [
    ['prepare librispeech --root /data --out manifests', 'asr.csv of train-clean-100, dev-clean, test-clean'],
    [
      'prepare librispeech --from dev-clean.tar.gz --root /data --subsets dev-clean --out manifests',
      'Unpack the archive into /data; run it again to resume',
    ],
    [
      'prepare librispeech --root /data --lexicon librispeech-lexicon-200k-g2p.txt --out manifests',
      'With phones, for pr; uses the first pronunciation of each word',
    ],
    [
      'prepare librispeech --root /data --limited /data/librispeech_finetuning --fold all --out manifests',
      '10m-fold0.csv to 10m-fold5.csv, 1h.csv, 10h.csv, 100h.csv: dev is dev-other, tests are test-clean and test-other',
    ],
    ['prepare iemocap --root /data --out manifests', 'er.csv: four emotions of the sessions, for er'],
    [
      'prepare voxceleb1-verification --root /data/VoxCeleb1 --trials voxceleb1_test_v2.txt --out manifests',
      'asv.csv and asv-trials.csv; for the preset superb, which selects on test, add --dev-trials none',
    ],
    ['prepare libri2mix --root /data --out manifests', 'sd.csv, turns from RTTM'],
    ['prepare folder --root birds --label-from-parent --out manifests', 'Any tree of audio files'],
    ['prepare kaldi s5/data --out manifests', 'data/train, data/dev, data/test of a recipe'],
    ['prepare nemo train=a.jsonl test=b.jsonl --out manifests', 'Manifests of NeMo'],
    ['prepare lhotse data/manifests --out manifests', 'Recordings and supervisions of Lhotse'],
    ['prepare parquet data --columns text=sentence --out manifests', "A data set of Hugging Face's"],
    ['prepare webdataset shards --unpack audio --out manifests', 'Tar shards, with their audio extracted'],
  ],
  async run(args, io) {
    const prepared = await prepare(args, io.quiet);
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

async function prepare(args: PrepareArguments, quiet: boolean): Promise<PreparedCorpus> {
  const { corpora } = await import('../data/corpora/index.js');
  const { prepareToolkit, toolkits } = await import('../data/corpora/toolkits/index.js');
  const toolkit = toolkits.find(({ name }) => name === args.corpus);
  const corpus = corpora.find(({ name }) => name === args.corpus);
  if (toolkit !== undefined) {
    const published = [
      'from',
      'unchecked',
      'subsets',
      'lexicon',
      'limited',
      'fold',
      'trials',
      'dev-trials',
    ] as const;
    refuse(toolkit.name, args, [...published, 'label-from-parent', 'texts']);
    return prepareToolkit(toolkit, {
      inputs: args.inputs ?? [],
      root: args.root,
      split: args.split,
      splitBySpeaker: args['split-by-speaker'],
      columns: columnsOf(args.columns),
      unpack: args.unpack,
      out: args.out,
      fast: args.fast,
      quiet,
    });
  }
  if (corpus === undefined) {
    const { hintOfName } = await import('../base/names.js');
    const names = [...corpora, ...toolkits].map(({ name }) => name);
    throw new UserError(`unknown corpus '${args.corpus}'`, { hint: hintOfName(args.corpus, names) });
  }
  refuse(corpus.name, args, ['split', 'columns', 'unpack']);
  return preparePublished(corpus, args, quiet);
}

async function preparePublished(
  corpus: Corpus,
  args: PrepareArguments,
  quiet: boolean,
): Promise<PreparedCorpus> {
  const { prepareCorpus } = await import('../data/corpora/index.js');
  const { root, from, unchecked, out, fast, inputs = [] } = args;
  if (root === undefined || inputs.length > 0) {
    throw new UserError(`${corpus.name}: pass its folder with --root, and no files`, {
      hint: `ehmam prepare ${corpus.name} --root ${inputs[0] ?? 'DIR'} --out ${out}`,
    });
  }
  const given = {
    subsets: listOf(args.subsets, 'subsets'),
    lexicon: listOf(args.lexicon, 'lexicon'),
    limited: args.limited,
    fold: args.fold,
    trials: args.trials,
    devTrials: args['dev-trials'],
    labelFromParent: args['label-from-parent'],
    splitBySpeaker: args['split-by-speaker'],
    texts: args.texts,
  };
  for (const [name, option] of Object.entries(optionNames)) {
    const key = name as keyof typeof optionNames;
    if (given[key] !== undefined && !corpus.understands.includes(key))
      throw new UserError(`${option} does not apply to ${corpus.name}`, { hint: 'Remove it' });
  }
  return prepareCorpus(corpus, { ...given, root, from, unchecked, out, fast, quiet });
}

function refuse(corpus: string, args: PrepareArguments, names: readonly (keyof typeof options)[]): void {
  const given = names.find((name) => args[name] !== undefined);
  if (given !== undefined)
    throw new UserError(`--${given} does not apply to ${corpus}`, { hint: 'Remove it' });
}

/** `text=sentence,speaker=client_id` */
function columnsOf(text: string | undefined): Readonly<Record<string, string>> | undefined {
  const pairs = listOf(text, 'columns')?.map((pair) => {
    const [, own, name] = /^([^=]+)=(.+)$/.exec(pair) ?? [];
    if (own !== undefined && name !== undefined) return [own.trim(), name.trim()] as const;
    throw new UserError(`--columns '${pair}': expected OURS=THEIRS, such as text=sentence`);
  });
  return pairs && Object.fromEntries(pairs);
}

/** @file Libri-light's limited training sets, 10 minutes to 100 hours: a manifest each, with LibriSpeech's dev and test. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../../base/errors.js';
import {
  type CorpusOptions,
  type CorpusRow,
  countRemark,
  type FoundCorpus,
  firstThere,
  missingRemark,
  notThere,
} from './corpus.js';
import { knownSubsets, type Transcribed, utterancesBelow, withPhones } from './librispeech-chapters.js';
import { readPronunciations } from './pronunciations.js';

/** The folds of the hour, ten minutes each: 1h/0 to 1h/5. */
const folds = ['0', '1', '2', '3', '4', '5'];

/**
 * Utterances of a set: the lists of libri-light, baselines/TDS/data/1h.lst and 10h.lst; of fold 0, s3prl 0.4.18,
 * test/test_librispeech.py. Those of the other folds are not published.
 */
export const limitedCounts = { '10m-fold0': 48, '1h': 286, '10h': 2763 } as const;

/** What is held out, where nothing else is asked for: the first `dev` chooses, tests keep their names. */
const usualHeldOut = ['dev-other', 'test-clean', 'test-other'];

const hundredHours = 'train-clean-100';

interface LimitedOptions extends Pick<CorpusOptions, 'fold' | 'subsets' | 'lexicon'> {
  readonly limited: string;
}

/**
 * The manifests `10m-fold0`, `1h`, `10h` and `100h`: the training set as `train`, then what is held out of LibriSpeech: the
 * first subset called dev as `dev`, every other one under its own name.
 * @param root of LibriSpeech
 * @throws UserError for a fold that does not exist, and for a folder without the sets
 */
export async function findLimited(
  root: string,
  { limited, fold, subsets, lexicon }: LimitedOptions,
): Promise<FoundCorpus> {
  const wantedFolds = foldsOf(fold);
  const training = subsets?.find((name) => !/^(dev|test)-/.test(name));
  if (training !== undefined) {
    throw new UserError(`--subsets with --limited says what is held out, and '${training}' is for training`, {
      hint: `Expected subsets called dev or test; the default is ${usualHeldOut.join(',')}`,
    });
  }
  const base = firstThere(root, ['LibriSpeech']) ?? root;
  const sets = firstThere(limited, ['librispeech_finetuning']) ?? limited;
  if (!existsSync(join(sets, '1h'))) throw notLimited(limited, "Libri-light's limited sets", '1h/0, 9h');
  const pronunciations = lexicon && (await readPronunciations(lexicon));
  const remarks: string[] = [];
  const heldOut = await heldOutOf(base, subsets, remarks);
  const manifests: Record<string, readonly CorpusRow[]> = {};
  const add = (name: string, train: readonly Transcribed[], count: number | undefined): void => {
    remarks.push(...countRemark(name, train.length, count));
    const rows = [...train, ...heldOut];
    manifests[name] = pronunciations ? withPhones(rows, pronunciations) : rows;
  };
  const hour: Transcribed[] = [];
  for (const name of folds) {
    const folder = join(sets, '1h', name);
    if (!existsSync(folder)) {
      if (wantedFolds.includes(name)) throw notLimited(sets, `fold ${name}`, `1h/${name}`);
      continue;
    }
    const rows = await limitedRows(folder, name, remarks);
    hour.push(...rows);
    const key = `10m-fold${name}`;
    if (wantedFolds.includes(name)) add(key, rows, key === '10m-fold0' ? limitedCounts[key] : undefined);
  }
  add('1h', hour, limitedCounts['1h']);
  if (existsSync(join(sets, '9h')))
    add('10h', [...hour, ...(await limitedRows(join(sets, '9h'), '', remarks))], limitedCounts['10h']);
  else remarks.push(`9h is not in ${sets}: no 10h.csv is written`);
  if (existsSync(join(base, hundredHours)))
    add('100h', await subsetRows(base, hundredHours, 'train', remarks), undefined);
  else remarks.push(`${hundredHours} is not in ${base}: no 100h.csv is written`);
  return { manifests, remarks };
}

function notLimited(folder: string, what: string, looked: string): UserError {
  return new UserError(`does not hold ${what}: looked for ${looked}`, {
    file: folder,
    hint: 'Pass the folder that librispeech_finetuning.tgz was unpacked into: --limited DIR',
  });
}

function foldsOf(fold = '0'): readonly string[] {
  if (fold === 'all') return folds;
  if (folds.includes(fold)) return [fold];
  throw new UserError(`unknown fold '${fold}' of Libri-light's ten minutes`, {
    hint: `Expected one of: ${folds.join(', ')}, all`,
  });
}

/** Rows of a folder of the sets, with their fold; transcripts may tell of utterances that are not in the set. */
async function limitedRows(folder: string, fold: string, remarks: string[]): Promise<Transcribed[]> {
  const { rows, untold } = await utterancesBelow(folder, 'train', remarks);
  remarks.push(...missingRemark(folder, untold));
  return rows.map((row) => ({ ...row, columns: { ...row.columns, ...(fold !== '' && { fold }) } }));
}

/** A subset of LibriSpeech, its count checked. */
async function subsetRows(
  base: string,
  name: string,
  split: string,
  remarks: string[],
): Promise<Transcribed[]> {
  const { rows, missing, untold } = await utterancesBelow(join(base, name), split, remarks);
  remarks.push(
    ...missingRemark(name, [...missing, ...untold]),
    ...countRemark(name, rows.length, knownSubsets[name]),
  );
  return rows;
}

async function heldOutOf(
  base: string,
  subsets: readonly string[] | undefined,
  remarks: string[],
): Promise<Transcribed[]> {
  const wanted = subsets ?? usualHeldOut;
  const chooser = wanted.find((name) => name.startsWith('dev-'));
  const rows: Transcribed[] = [];
  for (const name of wanted) {
    if (existsSync(join(base, name)))
      rows.push(...(await subsetRows(base, name, name === chooser ? 'dev' : name, remarks)));
    else if (subsets !== undefined) throw notThere(base, `the subset ${name}`, [name]);
    else remarks.push(`${name} is not in ${base}: no manifest has it`);
  }
  return rows;
}

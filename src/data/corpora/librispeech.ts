/** @file LibriSpeech as OpenSLR publishes it, and the small training sets of Libri-light. */
import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { UserError } from '../../base/errors.js';
import {
  type Corpus,
  type CorpusRow,
  countRemark,
  firstThere,
  linesOf,
  missingRemark,
  notThere,
} from './corpus.js';
import { filesBelow } from './walk.js';

/**
 * Utterances a subset: s3prl 0.4.18, test/test_librispeech.py, and the same in the data card of openslr/librispeech_asr
 * (292,367 in all).
 */
const known: Readonly<Record<string, number>> = {
  'train-clean-100': 28539,
  'train-clean-360': 104014,
  'train-other-500': 148688,
  'dev-clean': 2703,
  'dev-other': 2864,
  'test-clean': 2620,
  'test-other': 2939,
};

/**
 * Folders of `librispeech_finetuning` (Libri-light), 1h/[0-5]/{clean,other} and 9h/{clean,other}: ten minutes are one
 * sixth of the hour (torchaudio 2.11, datasets/librilight_limited.py).
 */
const light: Readonly<Record<string, readonly string[]>> = {
  'train-10m': ['1h/0'],
  'train-1h': ['1h'],
  'train-10h': ['1h', '9h'],
};

/** Utterances of the ten minutes: s3prl 0.4.18, test/test_librispeech.py; those of the larger two are not published. */
const knownLight: Readonly<Record<string, number>> = { 'train-10m': 48 };

/** SUPERB's. */
const usual = ['train-clean-100', 'dev-clean', 'test-clean'];

const names = [...Object.keys(known), ...Object.keys(light)];

export const librispeech: Corpus = {
  name: 'librispeech',
  summary: 'LibriSpeech, any subset; train-10m, train-1h and train-10h of Libri-light (asr)',
  understands: ['subsets'],
  async find(root, { subsets }) {
    const unknown = subsets?.find((name) => !names.includes(name));
    if (unknown !== undefined) {
      throw new UserError(`LibriSpeech has no subset '${unknown}'`, { mend: `It has ${names.join(', ')}` });
    }
    const base = firstThere(root, ['LibriSpeech']) ?? root;
    const finetuning = firstThere(root, ['librispeech_finetuning', '../librispeech_finetuning']) ?? root;
    const foldersOf = (name: string): string[] =>
      (light[name]?.map((folder) => join(finetuning, folder)) ?? [join(base, name)]).filter(existsSync);
    const wanted = subsets ?? usual.filter((name) => foldersOf(name).length > 0);
    if (wanted.length === 0) throw notThere(root, 'LibriSpeech', usual);
    const rows: CorpusRow[] = [];
    const remarks: string[] = [];
    for (const name of wanted) {
      const folders = foldersOf(name);
      if (folders.length === 0)
        throw notThere(root, `the subset ${name}`, light[name] ?? [`LibriSpeech/${name}`]);
      const found: CorpusRow[] = [];
      for (const folder of folders) {
        const { rows: part, missing } = await utterancesBelow(folder, splitOf(name), remarks);
        found.push(...part);
        remarks.push(...missingRemark(name, missing));
      }
      remarks.push(...countRemark(name, found.length, known[name] ?? knownLight[name]));
      rows.push(...found);
    }
    return { manifests: { asr: rows }, remarks };
  },
};

function splitOf(subset: string): string {
  return subset.split('-')[0] as string;
}

/** Every `SPEAKER-CHAPTER.trans.txt` beside `SPEAKER-CHAPTER-0000.flac`, ... */
async function utterancesBelow(
  folder: string,
  split: string,
  remarks: string[],
): Promise<{ readonly rows: CorpusRow[]; readonly missing: string[] }> {
  const files = await filesBelow(folder, remarks);
  const audio = new Set(files.filter((name) => name.endsWith('.flac')));
  const rows: CorpusRow[] = [];
  const missing: string[] = [];
  const told = new Set<string>();
  for (const transcript of files.filter((name) => name.endsWith('.trans.txt'))) {
    for (const line of await linesOf(join(folder, transcript))) {
      const [id = '', ...words] = line.trim().split(/\s+/);
      const path = `${dirname(transcript)}/${id}.flac`;
      told.add(path);
      if (!audio.has(path)) missing.push(path);
      else {
        const [speaker = '', chapter = ''] = id.split('-');
        rows.push({
          id,
          file: join(folder, path),
          split,
          columns: { speaker, chapter, text: words.join(' ') },
        });
      }
    }
  }
  const untold = [...audio].filter((path) => !told.has(path));
  return { rows, missing: [...missing, ...untold.map((path) => `the transcript of ${basename(path)}`)] };
}

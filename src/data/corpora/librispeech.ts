/** @file LibriSpeech as OpenSLR publishes it, and the small training sets of Libri-light. */
import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { UserError } from '../../base/errors.js';
import { readText } from '../../base/text.js';
import { type Corpus, type CorpusRow, countRemark, firstThere, missingRemark, notThere } from './corpus.js';
import { type Pronunciations, readPronunciations } from './pronunciations.js';
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
  summary:
    'LibriSpeech, any subset; train-10m, train-1h and train-10h of Libri-light (asr; pr with --lexicon)',
  understands: ['subsets', 'lexicon'],
  async find(root, { subsets, lexicon }) {
    const unknown = subsets?.find((name) => !names.includes(name));
    if (unknown !== undefined) {
      throw new UserError(`unknown subset '${unknown}' of LibriSpeech`, {
        hint: `Expected one of: ${names.join(', ')}`,
      });
    }
    const base = firstThere(root, ['LibriSpeech']) ?? root;
    const finetuning = firstThere(root, ['librispeech_finetuning', '../librispeech_finetuning']) ?? root;
    const foldersOf = (name: string): string[] =>
      (light[name]?.map((folder) => join(finetuning, folder)) ?? [join(base, name)]).filter(existsSync);
    const wanted = subsets ?? usual.filter((name) => foldersOf(name).length > 0);
    if (wanted.length === 0) throw notThere(root, 'LibriSpeech', usual);
    // Read before the corpus: a wrong one is told at once.
    const pronunciations = lexicon && (await readPronunciations(lexicon));
    const rows: Transcribed[] = [];
    const remarks: string[] = [];
    for (const name of wanted) {
      const folders = foldersOf(name);
      if (folders.length === 0)
        throw notThere(root, `the subset ${name}`, light[name] ?? [`LibriSpeech/${name}`]);
      const found: Transcribed[] = [];
      for (const folder of folders) {
        const { rows: part, missing } = await utterancesBelow(folder, splitOf(name), remarks);
        found.push(...part);
        remarks.push(...missingRemark(name, missing));
      }
      remarks.push(...countRemark(name, found.length, known[name] ?? knownLight[name]));
      rows.push(...found);
    }
    return { manifests: { asr: pronunciations ? withPhones(rows, pronunciations) : rows }, remarks };
  },
};

function splitOf(subset: string): string {
  return subset.split('-')[0] as string;
}

/** A row with the place of its text. */
interface Transcribed extends CorpusRow {
  readonly transcript: { readonly file: string; readonly line: number };
}

/** At most so many words are listed that no lexicon has. */
const mostListed = 100;

/**
 * Rows with the phones of their texts, word by word, and the digests of the lexicons.
 * @throws UserError naming the words that have no entry, each with file and line
 */
function withPhones(rows: readonly Transcribed[], { of, digest }: Pronunciations): CorpusRow[] {
  const unknown = new Map<string, Transcribed['transcript']>();
  const pronounced = rows.map((row): CorpusRow => {
    const { text = '' } = row.columns;
    const spoken = text.split(' ').filter((word) => word !== '');
    const words = spoken.map((word) => {
      const phones = of(word);
      if (phones === undefined && !unknown.has(word)) unknown.set(word, row.transcript);
      return phones;
    });
    return { ...row, columns: { ...row.columns, phones: words.join(' '), lexicon: digest } };
  });
  const [first] = unknown.values();
  if (first === undefined) return pronounced;
  const listed = [...unknown].map(([word, { file, line }]) => `'${word}' (${basename(file)}:${line})`);
  const more = listed.length > mostListed ? `, and ${listed.length - mostListed} more` : '';
  throw new UserError(
    `${unknown.size === 1 ? '1 word has' : `${unknown.size} words have`} no entry in the lexicon: ${listed.slice(0, mostListed).join(', ')}${more}`,
    { ...first, hint: 'Add a lexicon that contains them: --lexicon A.txt,B.txt' },
  );
}

/** Every `SPEAKER-CHAPTER.trans.txt` beside `SPEAKER-CHAPTER-0000.flac`, ... */
async function utterancesBelow(
  folder: string,
  split: string,
  remarks: string[],
): Promise<{ readonly rows: Transcribed[]; readonly missing: string[] }> {
  const files = await filesBelow(folder, remarks);
  const audio = new Set(files.filter((name) => name.endsWith('.flac')));
  const rows: Transcribed[] = [];
  const missing: string[] = [];
  const told = new Set<string>();
  for (const transcript of files.filter((name) => name.endsWith('.trans.txt'))) {
    const lines = (await readText(join(folder, transcript))).split(/\r?\n/);
    for (const [i, line] of lines.entries()) {
      const [id = '', ...words] = line.trim().split(/\s+/);
      if (id === '') continue;
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
          transcript: { file: join(folder, transcript), line: i + 1 },
        });
      }
    }
  }
  const untold = [...audio].filter((path) => !told.has(path));
  return { rows, missing: [...missing, ...untold.map((path) => `the transcript of ${basename(path)}`)] };
}

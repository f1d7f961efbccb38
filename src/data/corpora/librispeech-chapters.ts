/** @file Chapters as LibriSpeech lays them out: an audio file an utterance, a transcript beside them; and phones of their words. */
import { basename, dirname, join } from 'node:path';
import { UserError } from '../../base/errors.js';
import { readText } from '../../base/text.js';
import type { CorpusRow } from './corpus.js';
import type { Pronunciations } from './pronunciations.js';
import { filesBelow } from './walk.js';

/**
 * Utterances a subset: s3prl 0.4.18, test/test_librispeech.py, and the same in the data card of openslr/librispeech_asr
 * (292,367 in all).
 */
export const knownSubsets: Readonly<Record<string, number>> = {
  'train-clean-100': 28539,
  'train-clean-360': 104014,
  'train-other-500': 148688,
  'dev-clean': 2703,
  'dev-other': 2864,
  'test-clean': 2620,
  'test-other': 2939,
};

/** A row with the place of its text. */
export interface Transcribed extends CorpusRow {
  readonly transcript: { readonly file: string; readonly line: number };
}

/** At most so many words are listed that no lexicon has. */
const mostListed = 100;

/**
 * Rows with the phones of their texts, word by word, and the digests of the lexicons.
 * @throws UserError naming the words that have no entry, each with file and line
 */
export function withPhones(rows: readonly Transcribed[], { of, digest }: Pronunciations): CorpusRow[] {
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

export interface FoundChapters {
  readonly rows: Transcribed[];
  /** Audio that transcripts tell of and that is not there. */
  readonly missing: readonly string[];
  /** Transcripts that are not there, of audio that is. */
  readonly untold: readonly string[];
}

/** Every `SPEAKER-CHAPTER.trans.txt` beside `SPEAKER-CHAPTER-0000.flac`, ... */
export async function utterancesBelow(
  folder: string,
  split: string,
  remarks: string[],
): Promise<FoundChapters> {
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
  return { rows, missing, untold: untold.map((path) => `the transcript of ${basename(path)}`) };
}

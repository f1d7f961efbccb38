/** @file Audio SNIPS as s3prl prepares it: sentences of seven intents in sixteen voices, with their slots. */
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { UserError } from '../../base/errors.js';
import { readText } from '../../base/text.js';
import { type Corpus, type CorpusRow, countRemark, firstThere, missingRemark, notThere } from './corpus.js';
import { filesBelow } from './walk.js';

const transcripts = 'all.iob.snips.txt';

/** A split's folder and voices: s3prl, downstream/ctc/snips.yaml. Ids begin with the voice. */
const parts: Readonly<Record<string, { readonly folder: string; readonly voices: readonly string[] }>> = {
  train: {
    folder: 'train',
    voices: ['Ivy', 'Joanna', 'Joey', 'Justin', 'Kendra', 'Kimberly', 'Matthew', 'Salli'],
  },
  dev: { folder: 'valid', voices: ['Aditi', 'Amy', 'Geraint', 'Nicole'] },
  test: { folder: 'test', voices: ['Brian', 'Emma', 'Raveena', 'Russell'] },
};

/** Eight times 13,084 sentences, four times 700 twice (aws-lex-noisy-spoken-language-understanding, data/nlu_annotation). */
const known: Readonly<Record<string, number>> = { train: 104_672, dev: 2800, test: 2800 };

export const snips: Corpus = {
  name: 'snips',
  summary: 'Audio SNIPS, the folder SNIPS that s3prl prepares: words and slots of sentences (sf)',
  understands: [],
  async find(root) {
    const base = firstThere(root, ['SNIPS']) ?? root;
    const file = join(base, transcripts);
    if (!existsSync(file)) throw notThere(root, "s3prl's prepared Audio SNIPS", [`SNIPS/${transcripts}`]);
    const sentences = await readSentences(file);
    const rows: CorpusRow[] = [];
    const remarks: string[] = [];
    for (const [split, { folder, voices }] of Object.entries(parts)) {
      const files = existsSync(join(base, folder)) ? await filesBelow(join(base, folder), remarks) : [];
      const own = files.filter((name) => name.endsWith('.wav') && voices.includes(voiceOf(name)));
      const untold: string[] = [];
      for (const name of own) {
        const id = basename(name, '.wav');
        const sentence = sentences.get(id);
        if (sentence === undefined) untold.push(`the line of ${id} in ${transcripts}`);
        else {
          const columns = { speaker: voiceOf(name), ...sentence };
          rows.push({ id, file: join(base, folder, name), split, columns });
        }
      }
      remarks.push(
        ...missingRemark(folder, untold),
        ...countRemark(split, own.length - untold.length, known[split]),
      );
    }
    return { manifests: { sf: rows }, remarks };
  },
};

const voiceOf = (name: string): string => basename(name).split('-')[0] as string;

/** What the manifest says of a sentence. A type, so that it is a record. */
type Sentence = { readonly slots: string; readonly text: string; readonly intent: string };

/**
 * The sentences by their ids: `ID BOS W1 ... Wn EOS<tab>O S1 ... Sn INTENT`, a label a word.
 * @throws UserError with the line of what is no such sentence
 */
async function readSentences(file: string): Promise<ReadonlyMap<string, Sentence>> {
  const sentences = new Map<string, Sentence>();
  const lines = (await readText(file)).split(/\r?\n/);
  for (const [i, line] of lines.entries()) {
    if (line.trim() === '') continue;
    const [said = '', marked = ''] = line.split('\t');
    const [id = '', begin, ...words] = said.trim().split(' ');
    const [, ...labels] = marked.trim().split(' ');
    const intent = labels.pop() ?? '';
    if (begin !== 'BOS' || words.pop() !== 'EOS' || words.length !== labels.length)
      throw new UserError(`${words.length} words, but ${labels.length} labels`, {
        file,
        line: i + 1,
        hint: 'Expected ID BOS words EOS<tab>O labels INTENT, with one label per word, separated by single spaces',
      });
    sentences.set(id, { slots: withSlots(words, labels), text: spoken(words).join(' '), intent });
  }
  if (sentences.size === 0) throw new UserError('contains no sentence', { file, hint: 'Prepare it again' });
  return sentences;
}

/** Words that s3prl leaves out: parts of this text, the empty one among them. */
const leftOut = '?!.,;-';

const isSpoken = (word: string): boolean => !leftOut.includes(word);

const spelt = (word: string): string => (word === '&' ? 'AND' : word);

const spoken = (words: readonly string[]): string[] => words.filter(isSpoken).map(spelt);

/**
 * The words with the begin and end of each slot, as s3prl puts them into its sequence (downstream/ctc/corpus/snips.py): where
 * a label differs from its neighbour's, words that are left out among these. Not kept: where the last word of a sentence
 * is left out, s3prl's sequence ends in a blank and lacks `<eos>`.
 */
function withSlots(words: readonly string[], labels: readonly string[]): string {
  return words
    .flatMap((word, i) => {
      if (!isSpoken(word)) return [];
      const label = labels[i] as string;
      const isSlot = label !== 'O';
      return [
        ...(isSlot && labels[i - 1] !== label ? [`B-${label}`] : []),
        spelt(word),
        ...(isSlot && labels[i + 1] !== label ? [`E-${label}`] : []),
      ];
    })
    .join(' ');
}

/** @file LibriSpeech as OpenSLR publishes it, and the small training sets of Libri-light. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../../base/errors.js';
import { type Corpus, countRemark, firstThere, missingRemark, notThere } from './corpus.js';
import { findLimited, limitedCounts } from './libri-light.js';
import { knownSubsets, type Transcribed, utterancesBelow, withPhones } from './librispeech-chapters.js';
import { readPronunciations } from './pronunciations.js';

/**
 * Folders of `librispeech_finetuning` (Libri-light), 1h/[0-5]/{clean,other} and 9h/{clean,other}: ten minutes are one
 * sixth of the hour (torchaudio 2.11, datasets/librilight_limited.py).
 */
const light: Readonly<Record<string, readonly string[]>> = {
  'train-10m': ['1h/0'],
  'train-1h': ['1h'],
  'train-10h': ['1h', '9h'],
};

const knownLight: Readonly<Record<string, number>> = {
  'train-10m': limitedCounts['10m-fold0'],
  'train-1h': limitedCounts['1h'],
  'train-10h': limitedCounts['10h'],
};

/** SUPERB's. */
const usual = ['train-clean-100', 'dev-clean', 'test-clean'];

const names = [...Object.keys(knownSubsets), ...Object.keys(light)];

export const librispeech: Corpus = {
  name: 'librispeech',
  summary:
    'LibriSpeech, any subset (asr; pr with --lexicon); with --limited the sets of Libri-light, 10 min to 100 h (finetune)',
  understands: ['subsets', 'lexicon', 'limited', 'fold'],
  async find(root, { subsets, lexicon, limited, fold }) {
    const unknown = subsets?.find((name) => !names.includes(name));
    if (unknown !== undefined) {
      throw new UserError(`unknown subset '${unknown}' of LibriSpeech`, {
        hint: `Expected one of: ${names.join(', ')}`,
      });
    }
    if (limited !== undefined) return findLimited(root, { limited, fold, subsets, lexicon });
    if (fold !== undefined)
      throw new UserError('--fold requires --limited', { hint: 'Add --limited DIR, or remove --fold' });
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
        const { rows: part, missing, untold } = await utterancesBelow(folder, splitOf(name), remarks);
        found.push(...part);
        remarks.push(...missingRemark(name, [...missing, ...untold]));
      }
      remarks.push(...countRemark(name, found.length, knownSubsets[name] ?? knownLight[name]));
      rows.push(...found);
    }
    return { manifests: { asr: pronunciations ? withPhones(rows, pronunciations) : rows }, remarks };
  },
};

function splitOf(subset: string): string {
  return subset.split('-')[0] as string;
}

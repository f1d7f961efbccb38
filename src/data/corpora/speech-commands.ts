/** @file Speech Commands v0.01 with SUPERB's twelve classes: ten words, `_unknown_`, `_silence_`. */
import { createHash } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import { audioSeconds } from '../../audio/index.js';
import { type Corpus, type CorpusRow, countRemark, firstThere, notThere } from './corpus.js';
import { filesBelow } from './walk.js';

export const keywords = ['yes', 'no', 'up', 'down', 'left', 'right', 'on', 'off', 'stop', 'go'] as const;

/**
 * Words in the three splits by the rule below, and clips of the separate test set: s3prl 0.4.18, the sums over the
 * classes in test/test_speech_commands.py. The data card of SUPERB's ks has 51094, 6798 and 3081: its train part has
 * the six noise files along.
 */
const known = { train: 51088, dev: 6798, test: 3081 } as const;

const noiseFolder = '_background_noise_';

export const speechCommands: Corpus = {
  name: 'speech-commands-v1',
  summary: 'Speech Commands v0.01 with its separate test set: 12 classes (ks)',
  understands: [],
  archivesAreFlat: true,
  async find(root) {
    const trainFolder = firstThere(root, ['speech_commands_v0.01']) ?? root;
    const testNames = ['speech_commands_test_set_v0.01', '../speech_commands_test_set_v0.01'];
    const testFolder = firstThere(root, testNames);
    const remarks: string[] = [];
    const files = (await filesBelow(trainFolder, remarks)).filter((name) => /^[^/]+\/[^/]+\.wav$/.test(name));
    if (!files.some((name) => name.startsWith('yes/'))) {
      throw notThere(root, 'Speech Commands', ['speech_commands_v0.01/yes/*.wav', 'yes/*.wav'], remarks);
    }
    if (testFolder === undefined) throw notThere(root, 'the separate test set', testNames.slice(0, 1));
    const words = files.filter((name) => !name.startsWith(noiseFolder));
    const rows = words.flatMap((name): CorpusRow[] => {
      const set = speechCommandsSet(name);
      if (set === 'testing') return [];
      return [clip(trainFolder, name, set === 'training' ? 'train' : 'dev')];
    });
    const noises = files.filter((name) => name.startsWith(noiseFolder));
    const silence = (await Promise.all(noises.map((name) => silenceOf(trainFolder, name)))).flat();
    const tests = (await filesBelow(testFolder, remarks)).filter((name) => /^[^/]+\/[^/]+\.wav$/.test(name));
    const test = tests.map((name) => clip(testFolder, name, 'test'));
    const count = (split: string): number => rows.filter((row) => row.split === split).length;
    return {
      manifests: { ks: [...rows, ...silence, ...test] },
      remarks: [
        ...remarks,
        ...countRemark('words of train', count('train'), known.train),
        ...countRemark('words of dev', count('dev'), known.dev),
        ...countRemark('test', test.length, known.test),
        ...(noises.length === 0 ? [`${noiseFolder} is missing: train and dev have no _silence_`] : []),
      ],
    };
  },
};

/**
 * The set of a clip, by the rule of the corpus' README: SHA-1 of the name up to `_nohash_` as a number, modulo
 * 2^27, as a percentage; below 10 validation, below 20 testing. Clips of one person are in one set.
 */
export function speechCommandsSet(path: string): 'training' | 'validation' | 'testing' {
  const name = basename(path).replace(/_nohash_.*$/, '');
  const digest = createHash('sha1').update(name).digest('hex');
  // The last 28 bits hold the last 27.
  const percentage = ((Number.parseInt(digest.slice(-7), 16) % 2 ** 27) * 100) / (2 ** 27 - 1);
  return percentage < 10 ? 'validation' : percentage < 20 ? 'testing' : 'training';
}

function clip(folder: string, name: string, split: string): CorpusRow {
  const word = dirname(name);
  const isClass = word === '_silence_' || (keywords as readonly string[]).includes(word);
  const [person] = basename(name, '.wav').split('_nohash_');
  return {
    id: `${split === 'test' ? 'test-' : ''}${word}-${basename(name, '.wav')}`,
    file: join(folder, name),
    split,
    columns: {
      label: isClass ? word : '_unknown_',
      word,
      ...(name.includes('_nohash_') && person !== undefined && { speaker: person }),
    },
  };
}

/** A noise file cut into seconds: the last tenth is for dev. */
async function silenceOf(folder: string, name: string): Promise<CorpusRow[]> {
  const file = join(folder, name);
  const seconds = Math.floor(await audioSeconds(file));
  return Array.from({ length: seconds }, (_, start) => ({
    id: `_silence_-${basename(name, '.wav')}-${start}`,
    file,
    split: start < Math.floor(seconds * 0.9) ? 'train' : 'dev',
    start,
    duration: 1,
    columns: { label: '_silence_', word: '_silence_' },
  }));
}

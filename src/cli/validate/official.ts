/** @file What is known of the corpora that SUPERB's tasks use, for comparison with a manifest. */
import type { Split } from '../../api/task.js';

export interface KnownSplit {
  readonly utterances: number;
  readonly speakers?: number;
  readonly hours?: number;
}

export interface KnownCorpus {
  readonly corpus: string;
  /** None of a task that is cross-validated. */
  readonly splits: Readonly<Partial<Record<Split, KnownSplit>>>;
  /** Utterances of each fold's splits, of a task that is cross-validated. */
  readonly folds?: Readonly<Record<string, Readonly<Record<Split, number>>>>;
  /** How many different values a column of the task has. */
  readonly values: Readonly<Record<string, number>>;
  /** Why a good manifest may differ. */
  readonly note?: string;
}

/** Of ASR and PR. */
const libriSpeech: KnownCorpus = {
  corpus: 'LibriSpeech train-clean-100, dev-clean, test-clean',
  splits: {
    train: { utterances: 28539, speakers: 251, hours: 100.6 },
    dev: { utterances: 2703, speakers: 40, hours: 5.4 },
    test: { utterances: 2620, speakers: 40, hours: 5.4 },
  },
  values: {},
};

/**
 * By task. Utterances, classes and VoxCeleb1's speakers: `num_examples` and class labels of the `superb` data set of
 * https://github.com/huggingface/datasets (datasets/superb/dataset_infos.json, commit 040102f). Speakers and hours of
 * LibriSpeech: Panayotov et al. 2015, table 1; of Fluent Speech Commands: Lugosch et al. 2019
 * (https://arxiv.org/abs/1904.03670), table 2. IEMOCAP's folds: s3prl's downstream/emotion/meta_data. Audio SNIPS: its
 * sentences (13,084, 700, 700) times the speakers of each split, downstream/ctc/snips.yaml.
 */
export const knownCorpora: Readonly<Record<string, KnownCorpus>> = {
  asr: libriSpeech,
  pr: libriSpeech,
  ks: {
    corpus: 'Speech Commands v0.01',
    splits: { train: { utterances: 51094 }, dev: { utterances: 6798 }, test: { utterances: 3081 } },
    values: { label: 12 },
    note: 'the 51094 files are 51088 words and six noise files; manifests contain the noise in pieces of one second, in train and dev',
  },
  sid: {
    corpus: 'VoxCeleb1',
    splits: {
      train: { utterances: 138361, speakers: 1251 },
      dev: { utterances: 6904, speakers: 1251 },
      test: { utterances: 8251, speakers: 1251 },
    },
    values: { speaker: 1251 },
  },
  ic: {
    corpus: 'Fluent Speech Commands',
    splits: {
      train: { utterances: 23132, speakers: 77, hours: 14.7 },
      dev: { utterances: 3118, speakers: 10, hours: 1.9 },
      test: { utterances: 3793, speakers: 10, hours: 2.4 },
    },
    values: { 'intent.action': 6, 'intent.object': 14, 'intent.location': 4 },
  },
  er: {
    corpus: 'IEMOCAP, neutral, happy (and excited), angry, sad',
    splits: {},
    folds: {
      Session1: { train: 3556, dev: 890, test: 1085 },
      Session2: { train: 3606, dev: 902, test: 1023 },
      Session3: { train: 3504, dev: 876, test: 1151 },
      Session4: { train: 3600, dev: 900, test: 1031 },
      Session5: { train: 3432, dev: 858, test: 1241 },
    },
    values: { label: 4, session: 5 },
  },
  sf: {
    corpus: 'Audio SNIPS',
    splits: {
      train: { utterances: 104672, speakers: 8 },
      dev: { utterances: 2800, speakers: 4 },
      test: { utterances: 2800, speakers: 4 },
    },
    values: {},
  },
  asv: {
    corpus: 'VoxCeleb1, verification (s3prl lists 37720 trials)',
    splits: { train: { utterances: 148642, speakers: 1211 }, test: { utterances: 4715, speakers: 40 } },
    values: { speaker: 1211 },
    note: 'with dev trials, their speakers are dev and not train',
  },
  sd: {
    corpus: 'Libri2Mix, 16 kHz, max, mix_both',
    splits: { train: { utterances: 13900 }, dev: { utterances: 3000 }, test: { utterances: 3000 } },
    values: {},
  },
};

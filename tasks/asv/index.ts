/** @file Speaker verification: whether the two utterances of a trial are of one speaker (SUPERB ASV). */
import {
  equalErrorRateStatistic,
  type JudgedRow,
  type Split,
  type Task,
  type TaskData,
  UserError,
  type XVectorSpec,
} from '../../src/api/index.js';

/** s3prl lowers the level of all audio and takes its pauses out (downstream/sv_voxceleb1/dataset.py), and so do we. */
const effects = { gainDecibels: -3, withoutSilence: true };

export const asv: Task<XVectorSpec> = {
  name: 'asv',
  version: 1,
  summary:
    'speaker verification: are two utterances of the same speaker? (column speaker in train; pairs: enrol, test, target)',
  title: 'speaker verification',
  columns: [{ name: 'speaker', splits: ['train'] }],
  pairs: { first: 'enrol', second: 'test', columns: ['target'], splits: ['dev', 'test'] },
  splits: ['train', 'test'],
  optionalSplits: ['dev'],
  judges: { references: ['target'], predictions: ['score'] },
  metrics: [
    {
      name: 'eer',
      direction: 'lower',
      kind: 'statistic',
      about:
        'Equal error rate: the share of pairs judged wrong at the threshold where false acceptances are as frequent as false rejections.',
    },
  ],
  headKind: 'x-vector',
  settings: { clean: effects, superb: effects },
  complaints: complaintsOf,
  async crop(data, cropsOf) {
    return { ...data, train: (await Promise.all(data.train.map(cropsOf))).flat() };
  },
  head(data) {
    for (const complaint of complaintsOf(data)) throw complaint;
    return { kind: 'x-vector', column: 'speaker', classes: speakersOf(data) };
  },
  evaluate: (rows) => ({ eer: equalErrorRateStatistic(rows.map(trialOf)) }),
};

const speakersOf = ({ train }: TaskData): string[] =>
  [...new Set(train.map(({ columns }) => columns.speaker ?? ''))].sort();

/**
 * A trial, and what is drawn with it: its speakers, where the file of pairs names them (`enrol_speaker`, `test_speaker`), else
 * its utterances, else itself.
 */
function trialOf({ id, prediction, reference }: JudgedRow) {
  const { score: written = '' } = prediction;
  const score = written.trim() === '' ? Number.NaN : Number(written);
  if (Number.isNaN(score))
    throw new UserError(`invalid value for 'score' of '${id}': expected a number, got '${written}'`, {
      hint: 'Expected a number',
    });
  const { target = '', enrol, test, enrol_speaker: first, test_speaker: second } = reference;
  if (target !== '1' && target !== '0')
    throw new UserError(`invalid value for 'target' of '${id}': expected 0 or 1, got '${target}'`, {
      hint: '1 means the same speaker, 0 different speakers',
    });
  return { score, same: target === '1', unit: first || enrol || id, otherUnit: second || test };
}

function* complaintsOf(data: TaskData): Generator<UserError> {
  const speakers = new Set(speakersOf(data));
  const [first] = data.train;
  for (const utterance of data.train) {
    if (utterance.columns.speaker) continue;
    const { id, manifest: file, line } = utterance;
    yield new UserError(`utterance '${id}' has no speaker`, {
      ...{ file, line },
      hint: "Fill the column 'speaker'",
    });
  }
  if (first !== undefined && speakers.size < 2)
    yield new UserError(`all train utterances are of one speaker, '${[...speakers][0] ?? ''}'`, {
      file: first.manifest,
      hint: 'Add utterances of other speakers to the train split',
    });
  for (const utterance of [...data.dev, ...data.test]) {
    const { speaker } = utterance.columns;
    if (!speaker || !speakers.has(speaker)) continue;
    const { split, manifest: file, line } = utterance;
    yield new UserError(`speaker '${speaker}' of split '${split}' is also in train`, {
      ...{ file, line },
      hint: 'Trials need speakers that are not in train: remove the speaker from one of the splits',
    });
  }
  for (const split of ['dev', 'test'] as const) yield* oneKindOnly(data, split);
}

/** An equal error rate needs trials of both kinds. */
function* oneKindOnly({ pairs }: TaskData, split: Split): Generator<UserError> {
  const trials = pairs?.[split] ?? [];
  const targets = new Set(trials.map(({ columns }) => columns.target));
  const [first] = trials;
  if (first === undefined || targets.size > 1) return;
  const kind = targets.has('1') ? 'the same speaker' : 'different speakers';
  yield new UserError(`all trials of split '${split}' are of ${kind}`, {
    file: first.file,
    hint: 'Add trials so that there are both targets, 1 and 0',
  });
}

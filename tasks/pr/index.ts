/** @file Phone recognition: phones by CTC without recurrence, judged by phone error rate (SUPERB PR). */
import {
  type CtcSpec,
  ctcSteps,
  errorRate,
  type JudgedRow,
  type RatioMetric,
  splits,
  type Task,
  type TaskData,
  UserError,
} from '../../src/api/index.js';
import { blank, decodePhones, encodePhones, endToken, phonesOf, tokens, unknownPhones } from './phones.js';

export const pr: Task<CtcSpec> = {
  name: 'pr',
  version: 1,
  summary: 'phone recognition: ARPAbet with stress by CTC, greedy decoding (column phones)',
  title: 'phone recognition',
  columns: ['phones'],
  madeWith: ['lexicon'],
  metrics: [
    {
      name: 'per',
      direction: 'lower',
      about:
        'Phone error rate: phones substituted, deleted or inserted, as a share of the phones that were said.',
    },
  ],
  hubTask: 'automatic-speech-recognition',
  headKind: 'frame-ctc',
  /**
   * s3prl's (downstream/ctc/libriphone.yaml): two Linear layers, Adam at 1e-2, 16 utterances twice an update in overlapping
   * buckets, `<eos>` behind every text. `clean` has the same layers and rate, each utterance once an epoch, and no end.
   */
  settings: {
    superb: {
      projectionSize: 256,
      lstmLayers: 0,
      batchSize: 16,
      accumulation: 2,
      batches: 'buckets',
      endTokens: [endToken],
      learningRates: [1e-2],
      maximumUpdates: 100_000,
      evaluateEvery: 1000,
      specAugment: undefined,
    },
    clean: { projectionSize: 256, lstmLayers: 0, learningRates: [1e-2] },
  },
  complaints: complaintsOf,
  stepsNeeded: ({ columns }) => ctcSteps(encodePhones(columns.phones ?? '')),
  head(data) {
    for (const complaint of complaintsOf(data)) throw complaint;
    return {
      kind: 'frame-ctc',
      column: 'phones',
      tokens,
      blank,
      encode: encodePhones,
      decode: decodePhones,
    };
  },
  evaluate: (rows) => ({ per: phoneErrorRate(rows) }),
};

/** Stress counts. */
function phoneErrorRate(rows: readonly JudgedRow[]): RatioMetric {
  const { rate, shares, alignments } = errorRate(
    rows.map(({ prediction, reference }) => ({
      reference: reference.phones ?? '',
      hypothesis: prediction.phones ?? '',
    })),
  );
  return { value: rate, shares, alignments };
}

function* complaintsOf(data: TaskData): Generator<UserError> {
  for (const { id, columns, manifest: file, line } of splits.flatMap((split) => data[split])) {
    const text = columns.phones ?? '';
    const unknown = unknownPhones(text);
    if (phonesOf(text).length === 0)
      yield new UserError(`utterance '${id}' has no phones`, {
        file,
        line,
        hint: "Fill the column 'phones'",
      });
    else if (unknown.length > 0) {
      const named = unknown.map((phone) => `'${phone}'`).join(', ');
      yield new UserError(`invalid phones of '${id}': ${named}`, {
        file,
        line,
        hint: 'Expected ARPAbet phones in capitals, separated by spaces, with stress on vowels: HH AH0 L OW1',
      });
    }
  }
}

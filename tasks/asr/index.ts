/** @file Speech recognition: characters by CTC, judged by word error rate (SUPERB ASR). */
import {
  type CtcSpec,
  ctcSteps,
  errorRate,
  type JudgedRow,
  type RatioMetric,
  splits,
  type Task,
  type TaskData,
  type TextUnit,
  UserError,
} from '../../src/api/index.js';
import { blank, decodeTokens, encodeText, normalizeText, tokens, unknownCharacters } from './characters.js';

export const asr: Task<CtcSpec> = {
  name: 'asr',
  version: 1,
  summary: 'speech recognition: characters by CTC, greedy decoding (column text)',
  title: 'speech recognition',
  columns: ['text'],
  metrics: [
    {
      name: 'wer',
      direction: 'lower',
      about:
        'Word error rate: words substituted, deleted or inserted, as a share of the words that were said.',
    },
    {
      name: 'cer',
      direction: 'lower',
      about:
        'Character error rate: characters substituted, deleted or inserted, as a share of those of the text.',
    },
  ],
  hubTask: 'automatic-speech-recognition',
  headKind: 'frame-ctc',
  /** s3prl's (downstream/asr): every text ends in a space and `</s>`, and a word error rate of 100 % is no result. */
  settings: { superb: { endTokens: ['|', '</s>'], keptBeyond: 1 } },
  complaints: complaintsOf,
  stepsNeeded: ({ columns }) => ctcSteps(encodeText(normalizeText(columns.text ?? ''))),
  head(data) {
    for (const complaint of complaintsOf(data)) throw complaint;
    return {
      kind: 'frame-ctc',
      column: 'text',
      tokens,
      blank,
      encode: (text) => encodeText(normalizeText(text)),
      decode: decodeTokens,
    };
  },
  // Characters take most of the time, and who chooses a checkpoint or compares recognisers asks for words alone.
  evaluate: (rows, wanted = ['wer', 'cer']) => ({
    ...(wanted.includes('wer') && { wer: errorRateOf(rows, 'word') }),
    ...(wanted.includes('cer') && { cer: errorRateOf(rows, 'character') }),
  }),
};

function errorRateOf(rows: readonly JudgedRow[], unit: TextUnit): RatioMetric {
  const pairs = rows.map(({ prediction, reference }) => ({
    reference: normalizeText(reference.text ?? ''),
    hypothesis: normalizeText(prediction.text ?? ''),
  }));
  const { rate, shares, alignments } = errorRate(pairs, unit);
  return { value: rate, shares, ...(unit === 'word' && { alignments }) };
}

function* complaintsOf(data: TaskData): Generator<UserError> {
  for (const utterance of splits.flatMap((split) => data[split])) {
    const text = normalizeText(utterance.columns.text ?? '');
    const place = { file: utterance.manifest, line: utterance.line };
    const unknown = unknownCharacters(text);
    if (text === '')
      yield new UserError(`utterance '${utterance.id}' has no text`, {
        ...place,
        hint: "Fill the column 'text'",
      });
    else if (unknown.length > 0) {
      yield new UserError(
        `invalid characters in the text of '${utterance.id}': ${unknown.map((c) => JSON.stringify(c)).join(', ')}`,
        {
          ...place,
          hint: 'Expected the letters A to Z, the apostrophe and spaces: write numbers as words, and remove punctuation and accents',
        },
      );
    }
  }
}

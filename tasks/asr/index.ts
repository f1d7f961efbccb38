/** @file Speech recognition: characters by CTC, judged by word error rate (SUPERB ASR). */
import type { Utterance } from '../../src/data/rows.js';
import { UserError } from '../../src/errors.js';
import { errorRate, type TextUnit } from '../../src/metrics/index.js';
import { type Columns, type MetricValue, splits, type Task } from '../task.js';
import { blank, decodeTokens, encodeText, normalizeText, tokens, unknownCharacters } from './characters.js';

export const asr: Task = {
  name: 'asr',
  version: 1,
  summary: 'speech recognition: characters by CTC, greedy decoding (column text)',
  columns: ['text'],
  metrics: [
    { name: 'wer', direction: 'lower' },
    { name: 'cer', direction: 'lower' },
  ],
  head(data) {
    for (const split of splits) data[split].forEach(checkText);
    return {
      kind: 'frame-ctc',
      column: 'text',
      tokens,
      blank,
      encode: (text) => encodeText(normalizeText(text)),
      decode: decodeTokens,
    };
  },
  evaluate(predictions, references) {
    // Characters take most of the time, and who chooses a checkpoint or compares recognisers asks for words alone.
    return {
      get wer() {
        return errorRateOf(predictions, references, 'word');
      },
      get cer() {
        return errorRateOf(predictions, references, 'character');
      },
    };
  },
};

function errorRateOf(
  predictions: readonly Columns[],
  references: readonly Columns[],
  unit: TextUnit,
): MetricValue {
  const pairs = references.map((reference, i) => ({
    reference: normalizeText(reference.text ?? ''),
    hypothesis: predictions[i]?.text ?? '',
  }));
  const { rate, shares, alignments } = errorRate(pairs, unit);
  return { value: rate, shares, ...(unit === 'word' && { alignments }) };
}

function checkText(utterance: Utterance): void {
  const text = normalizeText(utterance.columns.text ?? '');
  const place = { file: utterance.manifest, line: utterance.line };
  if (text === '')
    throw new UserError(`utterance '${utterance.id}' has no text`, {
      ...place,
      mend: "Fill the column 'text'",
    });
  const unknown = unknownCharacters(text);
  if (unknown.length > 0) {
    throw new UserError(
      `the text of '${utterance.id}' holds ${unknown.map((c) => JSON.stringify(c)).join(', ')}`,
      {
        ...place,
        mend: 'Write texts with the letters A to Z, the apostrophe and spaces: spell numbers out, leave punctuation and accents away',
      },
    );
  }
}

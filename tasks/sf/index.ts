/** @file Slot filling: characters and slots of a command by CTC, judged by slots' names and values (SUPERB SF). */
import { type CtcSpec, ctcSteps, splits, type Task, type TaskData, UserError } from '../../src/api/index.js';
import { slotTypeF1, slotValueCer } from './metrics.js';
import { blank, endToken, normalPrediction, normalText, slotFault, slotNames, slotTokens } from './slots.js';

export const sf: Task<CtcSpec> = {
  name: 'sf',
  version: 1,
  summary: 'slot filling: words and slots by CTC, greedy decoding (column slots: PLAY B-artist X E-artist)',
  title: 'slot filling',
  columns: ['slots'],
  metrics: [
    {
      name: 'f1',
      direction: 'higher',
      about:
        'F1 of the names of slots: the harmonic mean of the share that is found and the share of what is found that is right, utterance by utterance.',
    },
    {
      name: 'cer',
      direction: 'lower',
      about:
        'Character error rate of the values of slots: edits as a share of the characters of the values that were said.',
    },
  ],
  hubTask: 'automatic-speech-recognition',
  headKind: 'frame-ctc',
  /**
   * s3prl's (downstream/ctc/snips.yaml): the head of ASR on 32 utterances of overlapping buckets, `<eos>` behind every text.
   * `clean` has the head and training of `clean` ASR, each utterance once an epoch, and no end.
   */
  settings: { superb: { batchSize: 32, batches: 'buckets', endTokens: [endToken] } },
  complaints: complaintsOf,
  stepsNeeded({ columns: { slots = '' } }) {
    return ctcSteps(slotTokens(slotNames([slots])).encode(slots));
  },
  head(data) {
    for (const complaint of complaintsOf(data)) throw complaint;
    // The names of all splits, as s3prl's list of slots: their order numbers outputs and decides nothing.
    const texts = splits.flatMap((split) => data[split].map(({ columns }) => columns.slots ?? ''));
    const { tokens, encode, decode } = slotTokens(slotNames(texts));
    return { kind: 'frame-ctc', column: 'slots', tokens, blank, encode, decode, decodeOf };
  },
  // Values take most of the time, and who chooses a checkpoint asks for names alone.
  evaluate(rows, wanted = ['f1', 'cer']) {
    for (const { id, reference } of rows) {
      const fault = slotFault(reference.slots ?? '');
      if (fault !== undefined) throw unnested(id, fault);
    }
    const pairs = rows.map(({ prediction, reference }) => ({
      reference: normalText(reference.slots ?? ''),
      hypothesis: normalPrediction(prediction.slots ?? ''),
    }));
    return {
      ...(wanted.includes('f1') && { f1: slotTypeF1(pairs) }),
      ...(wanted.includes('cer') && { cer: slotValueCer(pairs) }),
    };
  },
};

const unnested = (
  id: string,
  fault: string,
  place: { readonly file?: string; readonly line?: number } = {},
) =>
  new UserError(`invalid slots of '${id}': ${fault}`, {
    ...place,
    hint: 'Every B-NAME needs at least one word and its E-NAME before the next slot',
  });

/** A head's tokens tell the slots that it learnt. */
const decodeOf = (tokens: readonly string[]) =>
  slotTokens(tokens.flatMap((token) => (token.startsWith('B-') ? [token.slice(2)] : []))).decode;

function* complaintsOf(data: TaskData): Generator<UserError> {
  for (const split of splits) {
    let slots = 0;
    for (const { id, columns, manifest: file, line } of data[split]) {
      const text = columns.slots ?? '';
      if (text.trim() === '')
        yield new UserError(`utterance '${id}' has no text in the column 'slots'`, {
          file,
          line,
          hint: 'Expected words, with B-NAME before and E-NAME after those of a slot',
        });
      const fault = slotFault(text);
      if (fault !== undefined) yield unnested(id, fault, { file, line });
      slots += slotNames([text]).length;
    }
    const [first] = data[split];
    if (slots === 0 && first !== undefined)
      yield new UserError(`no utterance of split '${split}' has a slot`, {
        file: first.manifest,
        line: first.line,
        hint: 'Mark slots in the texts, such as PLAY B-artist X E-artist NOW',
      });
  }
}

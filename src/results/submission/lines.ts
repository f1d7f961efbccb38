/**
 * @file Predictions in the files of s3prl's downstream experts, which SUPERB's leaderboard takes (s3prl/submit/submit.py, commit
 * ec8064b): one function a task. Ids are those of `ehmam prepare`: what it adds to s3prl's names is taken off again.
 */
import { UserError } from '../../base/errors.js';
import type { PredictionLine } from '../record.js';

/** A file of a submission, below its `predict/`. */
export interface SubmissionFile {
  /** `ks_public/predict.txt` */
  readonly path: string;
  readonly text: string;
}

/** A prediction or a reference: a text, or columns. */
type Said = string | Readonly<Record<string, string>>;

const columnOf = (said: Said, column: string, id: string): string => {
  const value = typeof said === 'string' ? undefined : said[column];
  if (value !== undefined) return value;
  throw new UserError(`the prediction of '${id}' has no ${column}`, { hint: 'Evaluate the task again' });
};

function textOf(said: Said, id: string): string {
  if (typeof said === 'string') return said;
  throw new UserError(`the prediction of '${id}' is not text`, { hint: 'Evaluate the task again' });
}

/** What a file says of an utterance, from its prediction or its reference. */
type LineOf = (line: PredictionLine, said: Said) => string;

/** Files of a line an utterance: what is predicted, and with references in their place what is true. */
interface LineFormat {
  readonly file: string;
  readonly line: LineOf;
}

/** `ID TEXT` */
const named: LineOf = ({ id }, said) => `${nameOf(id)} ${textOf(said, id)}`;

/** The same of a task whose references have more columns than its label. */
const labelled: LineOf = ({ id }, said) => `${nameOf(id)} ${columnOf(said, 'label', id)}`;

/** Names stand before a blank: none is in them. */
function nameOf(id: string): string {
  if (!/\s/.test(id)) return id;
  throw new UserError(`the id '${id}' has a blank in it, which files of s3prl cannot have`, {
    hint: 'Rename it in the manifest and evaluate again',
  });
}

/** Words between blanks: `ctc/expert.py` and `asr/expert.py` write `-hyp.ark`. */
const ark = (task: string): LineFormat => ({ file: `${task}_public/predict.ark`, line: named });

const formats: Readonly<Record<string, (languageModel: boolean) => LineFormat>> = {
  // s3prl/downstream/asr/expert.py: a file without and one with a language model.
  asr: (languageModel) => ark(languageModel ? 'asr_lm' : 'asr'),
  // s3prl/downstream/ctc/expert.py
  pr: () => ark('pr'),
  sf: () => ark('sf'),
  // s3prl/downstream/voxceleb1/expert.py
  sid: () => ({ file: 'sid_public/predict.txt', line: named }),
  // s3prl/downstream/speech_commands: the clip's folder and its file, with its ending; `prepare` writes `test-` before them.
  ks: () => ({
    file: 'ks_public/predict.txt',
    line: ({ id }, said) => `${nameOf(id.replace(/^test-/, ''))}.wav ${textOf(said, id)}`,
  }),
  // s3prl/downstream/fluent_commands: the file's name alone; `prepare` writes the speaker before it.
  ic: () => ({
    file: 'ic_public/predict.csv',
    line: ({ id, speaker }, said) => {
      const name = speaker !== undefined && id.startsWith(`${speaker}-`) ? id.slice(speaker.length + 1) : id;
      const slots = ['action', 'object', 'location'].map((slot) => columnOf(said, `intent.${slot}`, id));
      return [nameOf(name), ...slots].join(',');
    },
  }),
};

/** Tasks that have a format, and of the others why not. */
export const submissionTasks = [...Object.keys(formats), 'er', 'asv', 'qbe'] as const;
export const withoutFormat: Readonly<Record<string, string>> = {
  sd: "the leaderboard takes each frame's probabilities (HDF5), and results keep turns",
};

export interface Submitted {
  readonly task: string;
  readonly languageModel: boolean;
  readonly lines: readonly PredictionLine[];
}

/**
 * The files of a task's predictions, and of its references where s3prl writes those too.
 * @throws UserError for a task without a format, and for predictions that it cannot hold
 */
export function submissionFiles({ task, languageModel, lines }: Submitted): {
  readonly predict: readonly SubmissionFile[];
  readonly truth: readonly SubmissionFile[];
} {
  const format = formats[task]?.(languageModel);
  if (format !== undefined) return bothOf(format, lines);
  switch (task) {
    case 'er': {
      const files = [...byFold(lines)].map(([fold, own]) =>
        bothOf({ file: `er_fold${fold}_public/predict.txt`, line: labelled }, own),
      );
      return { predict: files.flatMap(({ predict }) => predict), truth: files.flatMap(({ truth }) => truth) };
    }
    case 'asv':
      return { predict: [fileOf('sv_public/predict.txt', lines.map(trialLine))], truth: [] };
    case 'qbe':
      return {
        predict: [{ path: 'qbe_public/benchmark.stdlist.xml', text: detectedTerms(lines) }],
        truth: [],
      };
    default:
      throw new UserError(`the task ${task} has no format of s3prl`, {
        hint: withoutFormat[task] ?? `These have one: ${submissionTasks.join(', ')}`,
      });
  }
}

function bothOf({ file, line }: LineFormat, lines: readonly PredictionLine[]) {
  const all = (of: 'prediction' | 'reference'): string[] => lines.map((one) => line(one, one[of] as Said));
  return {
    predict: [fileOf(file, all('prediction'))],
    truth: [fileOf(file.replace('predict', 'truth'), all('reference'))],
  };
}

/** A trailing blank, where nothing was recognised, stays: the name and a blank. */
const fileOf = (path: string, lines: readonly string[]): SubmissionFile => ({
  path,
  text: lines.map((line) => `${line.replaceAll(/[\r\n]+/g, ' ')}\n`).join(''),
});

/** Each session is tested by its fold: fold 1 tests Session1 (s3prl/downstream/emotion/expert.py). */
function byFold(lines: readonly PredictionLine[]): ReadonlyMap<string, readonly PredictionLine[]> {
  const folds = new Map<string, PredictionLine[]>();
  for (const line of lines) {
    const fold = columnOf(line.reference as Said, 'fold', line.id);
    const [, number] = /(\d+)$/.exec(fold) ?? [];
    if (number === undefined)
      throw new UserError(`the fold '${fold}' has no number`, {
        hint: "Name sessions as IEMOCAP does: 'Session1'",
      });
    folds.set(number, [...(folds.get(number) ?? []), line]);
  }
  return folds;
}

/** `ENROL_TEST SCORE` (s3prl/downstream/sv_voxceleb1/expert.py). */
function trialLine({ id, prediction, reference }: PredictionLine): string {
  const [enrol, test] = ['enrol', 'test'].map((column) => nameOf(columnOf(reference as Said, column, id)));
  return `${enrol}_${test} ${columnOf(prediction as Said, 'score', id)}`;
}

/** Scores above are seen as detected (s3prl/downstream/quesst14_dtw/expert.py). */
const detectedAbove = 2;

/** NIST's list of detected terms, as lxml writes it there. `prepare` writes the split before a document's name. */
function detectedTerms(lines: readonly PredictionLine[]): string {
  const queries = new Map<string, string[]>();
  for (const { id, prediction, reference } of lines) {
    const query = columnOf(reference as Said, 'query', id);
    const document = columnOf(reference as Said, 'document', id).replace(/^test-/, '');
    const score = Number(columnOf(prediction as Said, 'score', id));
    const terms = queries.get(query) ?? [];
    queries.set(query, terms);
    const decision = score > detectedAbove ? 'YES' : 'NO';
    terms.push(
      `    <term file="${escaped(document)}" channel="1" tbeg="0.000" dur="0.00" score="${score.toFixed(4)}" decision="${decision}"/>`,
    );
  }
  return [
    '<stdlist termlist_filename="benchmark.stdlist.xml" indexing_time="1.00" language="english" index_size="1" system_id="benchmark">',
    ...[...queries].flatMap(([query, terms]) => [
      `  <detected_termlist termid="${escaped(query)}" term_search_time="1.0" oov_term_count="1">`,
      ...terms,
      '  </detected_termlist>',
    ]),
    '</stdlist>',
    '',
  ].join('\n');
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');

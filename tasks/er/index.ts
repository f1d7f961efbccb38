/** @file Emotion recognition: one of a few emotions of an utterance, a fold a session (SUPERB ER). */
import {
  classificationTask,
  meanOfGroupsStatistic,
  splits,
  type Task,
  type TaskData,
  UserError,
  type Utterance,
} from '../../src/api/index.js';
import { orderOf, sessionFolds, sessionsOf } from './folds.js';

const [label, session] = ['label', 'session'] as const;

export const er = {
  ...classificationTask({
    name: 'er',
    version: 1,
    summary:
      'emotion recognition: one fold per session, mean accuracy over folds (columns label, session; order)',
    title: 'emotion recognition',
    columns: [label],
  }),
  columns: [label, session],
  // Without sessions, predictions made elsewhere are judged as one fold.
  judges: { references: [label], predictions: [label] },
  metrics: [
    {
      name: 'accuracy',
      direction: 'higher',
      kind: 'statistic',
      about: 'Share of the utterances whose emotion is predicted right, as the mean over the sessions.',
    },
  ],
  /**
   * s3prl's (downstream/emotion/config.yaml): 4 utterances 8 times an update, which are 32. `clean` differs in what it
   * differs for every pooled head: rates are searched, training ends where dev gets no better. The draw of dev is one for both.
   */
  settings: { superb: { maximumUpdates: 30_000, evaluateEvery: 1000 } },
  complaints: complaintsOf,
  folds(data) {
    for (const complaint of complaintsOf(data)) throw complaint;
    return sessionFolds(data);
  },
  // Where nothing was trained here, sessions are the folds.
  evaluate: (rows) => ({
    accuracy: meanOfGroupsStatistic(
      rows.map(({ prediction, reference }) => (prediction[label] === reference[label] ? 1 : 0)),
      rows.map(({ reference }) => reference.fold ?? reference[session] ?? ''),
      rows.map(({ id }) => id),
    ),
  }),
} satisfies Task;

function* complaintsOf(data: TaskData): Generator<UserError> {
  const all = splits.flatMap((split) => data[split]);
  const complaint = ({ manifest: file, line }: Utterance, what: string, hint: string): UserError =>
    new UserError(what, { file, line, hint });
  let cells = 0;
  for (const utterance of all) {
    for (const column of [label, session])
      if (!utterance.columns[column]) {
        cells++;
        yield complaint(
          utterance,
          `utterance '${utterance.id}' has no ${column}`,
          `Fill the column '${column}'`,
        );
      }
  }
  yield* orderComplaints(all, complaint);
  const [first] = all;
  if (first === undefined || cells > 0) return;
  const sessions = sessionsOf(all);
  if (sessions.length < 2) {
    const hint = 'Every session is tested with heads trained on the others: two or more sessions are needed';
    yield complaint(first, `all utterances are of one session, '${sessions[0]}'`, hint);
    return;
  }
  yield* classComplaints(data, all, complaint);
}

type Complain = (utterance: Utterance, what: string, hint: string) => UserError;

/** The column `order` has a whole number in every row, no two alike, or in none. */
function* orderComplaints(all: readonly Utterance[], complain: Complain): Generator<UserError> {
  if (all.every(({ columns }) => !columns.order)) return;
  const lines = new Map<number, number>();
  for (const utterance of all) {
    const cell = utterance.columns.order ?? '';
    const order = orderOf(cell);
    const hint = 'Every row needs a unique whole number, or remove the column';
    if (order === undefined)
      yield complain(utterance, `invalid value for 'order': expected a whole number, got '${cell}'`, hint);
    else if (lines.has(order))
      yield complain(utterance, `duplicate order ${order} (first used on line ${lines.get(order)})`, hint);
    else lines.set(order, utterance.line);
  }
}

/** Every fold tests every class, and has learnt it: a mean over folds compares like with like. */
function* classComplaints(
  data: TaskData,
  all: readonly Utterance[],
  complain: Complain,
): Generator<UserError> {
  const classOf = ({ columns }: Utterance): string => columns[label] ?? '';
  const firsts = new Map<string, Utterance>();
  for (const utterance of all) if (!firsts.has(classOf(utterance))) firsts.set(classOf(utterance), utterance);
  const [only] = firsts.values();
  if (only !== undefined && firsts.size < 2) {
    yield complain(
      only,
      `all utterances have the same label '${classOf(only)}'`,
      'A classifier needs at least two classes',
    );
    return;
  }
  for (const { name, data: fold } of sessionFolds(data)) {
    const [learnt, tested] = [new Set(fold.train.map(classOf)), new Set(fold.test.map(classOf))];
    for (const [wanted, example] of firsts) {
      const [begin] = fold.test;
      if (begin !== undefined && !tested.has(wanted))
        yield complain(
          begin,
          `fold '${name}' has no test utterance of class '${wanted}' (which occurs on line ${example.line})`,
          'Every session needs utterances of every class: merge sessions, or remove the class',
        );
      if (!learnt.has(wanted))
        yield complain(
          example,
          `fold '${name}' has no train utterance of class '${wanted}'`,
          'Add utterances of this class to other sessions, or remove the class',
        );
    }
  }
}

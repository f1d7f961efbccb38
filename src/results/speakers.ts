/** @file Whether a test set's utterances are drawn one by one or speaker by speaker. */
import { columnNames, type Task } from '../api/task.js';

/**
 * The speakers to draw, one an utterance; undefined where utterances are drawn: some name no speaker, there is one
 * speaker alone, or the speaker is what the task predicts. Speakers of speaker identification are its classes, the
 * same in every test set, and no sample of a larger crowd.
 */
export function speakersToDraw(
  task: Pick<Task, 'columns'>,
  speakers: readonly (string | undefined)[],
): readonly string[] | undefined {
  if (columnNames(task).includes('speaker')) return undefined;
  const named = speakers.filter((speaker): speaker is string => speaker !== undefined && speaker !== '');
  return named.length < speakers.length || new Set(named).size < 2 ? undefined : named;
}

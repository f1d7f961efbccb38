/** @file Predictions made elsewhere: a line of JSON each, `{"id": ..., COLUMN: ...}`. */
import type { Columns, Task } from '../../api/task.js';
import { UserError } from '../../base/errors.js';
import { jsonSource } from '../../base/source-text.js';
import { textLines } from '../../base/text.js';
import { normalForm } from '../../data/look-alikes.js';

/** What is said of one row. */
export interface ForeignPrediction {
  readonly id: string;
  readonly columns: Columns;
  readonly line: number;
}

const hint = 'Expected lines such as {"id": "utterance-1", "text": "WHAT WAS SAID"}';

/**
 * The predictions of a file by their ids.
 * @param needed the columns that every line must have: texts or numbers
 * @throws UserError with file and line: no JSON, no id, a column missing or of another kind, an id that stands twice
 */
export async function readForeignPredictions(
  file: string,
  needed: readonly string[],
  { pairs }: Pick<Task, 'pairs'>,
): Promise<ReadonlyMap<string, ForeignPrediction>> {
  const predictions = new Map<string, ForeignPrediction>();
  let line = 0;
  for await (const text of textLines(file, { what: 'the predictions file' })) {
    line++;
    if (text.trim() === '') continue;
    const prediction = predictionOf(text, needed, file, line);
    const { score } = prediction.columns;
    if (pairs !== undefined && score !== undefined && (score === '' || Number.isNaN(Number(score)))) {
      const what = `invalid value for 'score' of '${prediction.id}': expected a number, got '${score}'`;
      throw new UserError(what, { file, line, hint: 'A higher score means more similar' });
    }
    const before = predictions.get(prediction.id);
    if (before !== undefined) {
      throw new UserError(`duplicate id '${prediction.id}' (first used on line ${before.line})`, {
        file,
        line,
        hint: 'Keep one prediction per row',
      });
    }
    predictions.set(prediction.id, prediction);
  }
  return predictions;
}

function predictionOf(
  text: string,
  needed: readonly string[],
  file: string,
  line: number,
): ForeignPrediction {
  const json = jsonSource(text, file, { line, hint, refuseDuplicates: false }).value;
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw new UserError('expected a JSON object', { file, line, hint });
  const given = json as Readonly<Record<string, unknown>>;
  const id = textOf(given.id) ?? '';
  if (id === '') throw new UserError("missing field 'id'", { file, line, hint });
  const columns = needed.map((name) => {
    const value = textOf(given[name]);
    if (value !== undefined) return [name, value] as const;
    const found = Object.keys(given).filter((key) => key !== 'id');
    throw new UserError(
      given[name] === undefined
        ? `missing field '${name}'`
        : `invalid value for '${name}': expected a string or number, got ${JSON.stringify(given[name])}`,
      {
        file,
        line,
        hint: `Expected the fields ${names(needed)}${found.length === 0 ? '' : `; found ${names(found)}`}`,
      },
    );
  });
  return { id, columns: Object.fromEntries(columns), line };
}

const names = (columns: readonly string[]): string => columns.map((name) => `'${name}'`).join(', ');

/** A text as it is compared, or a number's text. */
function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return normalForm(value);
  return typeof value === 'number' ? String(value) : undefined;
}

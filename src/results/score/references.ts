/** @file The references of predictions made elsewhere: rows of a CSV file, a judged row each. */
import type { Columns, Task } from '../../api/task.js';
import { UserError } from '../../base/errors.js';
import { invalidValue } from '../../base/validation.js';
import { namedRows } from '../../data/named-rows.js';

/** What is true of one row. */
export interface Reference {
  readonly id: string;
  readonly columns: Columns;
  readonly line: number;
}

/**
 * The rows of a file, in its order. A row's id is the column `id`; of a task that judges pairs, where there is none, the
 * two that are paired with a blank between them.
 * @param needed the columns that every row must fill
 * @param split where it is given, rows of that split alone
 * @throws UserError with file and line: no CSV, columns or cells missing, an id that stands twice; no rows
 */
export async function readReferences(
  file: string,
  { pairs }: Pick<Task, 'pairs'>,
  needed: readonly string[],
  split: string | undefined,
): Promise<readonly Reference[]> {
  const references: Reference[] = [];
  const lines = new Map<string, number>();
  const others = new Set<string>();
  const columns = split === undefined ? needed : [...needed, 'split'];
  const ofPair = pairs === undefined ? [] : [pairs.first, pairs.second];
  for await (const { cells, line } of namedRows(file, columns, 'the references file')) {
    if (split !== undefined && cells.split !== split) {
      others.add(cells.split ?? '');
      continue;
    }
    const named = cells.id === undefined && ofPair.every((name) => (cells[name] ?? '') !== '');
    const id = named ? ofPair.map((name) => cells[name]).join(' ') : (cells.id ?? '');
    if (id === '') {
      const names = pairs === undefined ? '' : `, or ${ofPair.map((name) => `'${name}'`).join(' and ')}`;
      throw new UserError('the row has no id', { file, line, hint: `Fill the column 'id'${names}` });
    }
    const empty = needed.find((name) => cells[name] === '');
    if (empty !== undefined)
      throw new UserError(`column '${empty}' is empty`, { file, line, hint: 'Fill the cell in' });
    if (pairs !== undefined && cells.target !== undefined && !/^[01]$/.test(cells.target)) {
      const hint = '1 means that the two belong together, 0 that they do not';
      throw new UserError(invalidValue('target', 'expected 0 or 1', cells.target), { file, line, hint });
    }
    const before = lines.get(id);
    if (before !== undefined) {
      const hint = 'Every row needs a unique id';
      throw new UserError(`duplicate id '${id}' (first used on line ${before})`, { file, line, hint });
    }
    lines.set(id, line);
    references.push({ id, columns: cells, line });
  }
  if (references.length > 0) return references;
  throw new UserError(split === undefined ? 'has no rows' : `has no rows of split '${split}'`, {
    file,
    hint:
      others.size === 0 ? 'It needs one row for each prediction' : `Its splits: ${[...others].join(', ')}`,
  });
}

/** @file Rows of a CSV file that is no manifest: cells by the names of their columns, each row with its line. */
import { UserError } from '../base/errors.js';
import { csvRecords } from './csv.js';
import { normalForm } from './look-alikes.js';
import { readError } from './rows.js';
import { checkCount, checkedHeader } from './utterance.js';

export interface NamedRow {
  /** In normal form. */
  readonly cells: Readonly<Record<string, string>>;
  readonly line: number;
}

/**
 * The rows of a file as the reader of manifests reads CSV, in order.
 * @param columns those that the header must have
 * @param what the file is, for messages that it is empty or cannot be read: `the file of pairs`
 * @throws UserError with file and line: no CSV, columns missing, more or fewer cells than columns; an empty file
 */
export async function* namedRows(
  file: string,
  columns: readonly string[],
  what: string,
): AsyncGenerator<NamedRow> {
  let header: readonly string[] | undefined;
  try {
    for await (const records of csvRecords(file, what)) {
      for (const { cells, line } of records) {
        if (header === undefined) {
          header = checkedHeader(cells, file, line, columns);
          continue;
        }
        checkCount(cells, header, file, line);
        yield {
          line,
          cells: Object.fromEntries(header.map((name, i) => [name, normalForm(cells[i] as string)])),
        };
      }
    }
  } catch (error) {
    throw readError(error, file);
  }
  if (header !== undefined) return;
  throw new UserError(`${what} is empty`, {
    file,
    hint: `The first line must contain the column names: ${columns.join(',')}`,
  });
}

/** @file The predictions beside a record, read line by line: a file of any length needs little memory. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { dirname, join } from 'node:path';
import { messageOf, UserError } from '../base/errors.js';
import { jsonSource } from '../base/source-text.js';
import { checked } from '../base/validation.js';
import { type PredictionLine, predictionSchema, type ResultRecord } from './record.js';

const hint = 'Run the task again to recreate record and predictions';

/**
 * The predictions of a record, in the order of the file.
 * @throws UserError naming file and line of what is no prediction, or the file where it is not the record's own
 */
export async function* readPredictions({
  path,
  record,
}: {
  readonly path: string;
  readonly record: Pick<ResultRecord, 'predictions' | 'predictionsHash'>;
}): AsyncGenerator<PredictionLine> {
  const file = join(dirname(path), record.predictions);
  const hash = createHash('sha256');
  /** Of the same lines with the ends they were written with. */
  const plain = createHash('sha256');
  let returns = 0;
  let line = 0;
  try {
    let rest = '';
    const stream = createReadStream(file, { encoding: 'utf8', highWaterMark: 1 << 18 });
    for await (const chunk of stream as AsyncIterable<string>) {
      hash.update(chunk);
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const text of lines) {
        if (text.endsWith('\r')) returns++;
        if (returns > 0) plain.update(`${text.replace(/\r$/, '')}\n`);
        yield predictionOf(text, file, ++line);
      }
    }
    if (rest !== '') yield predictionOf(rest, file, ++line);
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`cannot be read (${messageOf(error)})`, { file, hint, cause: error });
  }
  if (record.predictionsHash !== undefined && hash.digest('hex') !== record.predictionsHash) {
    if (returns > 0 && plain.digest('hex') === record.predictionsHash) {
      throw new UserError('its line ends were changed to CRLF', {
        file,
        hint: "Git's core.autocrlf does that: add '*.jsonl -text' to .gitattributes and check out the folder again",
      });
    }
    throw new UserError('does not match its record: the predictions have changed', { file, hint });
  }
}

function predictionOf(text: string, file: string, line: number): PredictionLine {
  const source = jsonSource(text, file, { hint, line, refuseDuplicates: false });
  return checked(predictionSchema, source, { hint }) as PredictionLine;
}

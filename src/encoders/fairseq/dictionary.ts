/** @file The dictionary of a model that fairseq fine-tuned with CTC, which stands in a file beside it. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { UserError } from '../../base/errors.js';
import { readText } from '../../base/text.js';
import type { Alphabet } from '../../lm/alphabet.js';

/** As examples/wav2vec/libri_labels.py has it, and the task's `labels: ltr` asks for. */
const dictionaryFile = 'dict.ltr.txt';

/** What fairseq puts before all that a dictionary lists; the first one is CTC's blank. */
const own = ['<s>', '<pad>', '</s>', '<unk>'];

/** Whether a checkpoint has a dictionary beside it. */
export const hasDictionary = (checkpoint: string): boolean =>
  existsSync(join(dirname(checkpoint), dictionaryFile));

/**
 * The tokens of the dictionary beside a checkpoint: a token and how often it occurred a line.
 * @throws UserError for a dictionary that is not there, and for a line that is none of one
 */
export async function readDictionary(checkpoint: string): Promise<Alphabet> {
  const file = join(dirname(checkpoint), dictionaryFile);
  if (!hasDictionary(checkpoint)) {
    throw new UserError(`missing ${dictionaryFile}, the dictionary of its output layer`, {
      file: checkpoint,
      hint: `Copy the dictionary of its fine-tuning to the same folder, as ${dictionaryFile}`,
    });
  }
  const lines = (await readText(file)).split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  const tokens = new Set(own);
  for (const [i, line] of lines.entries()) {
    const [, token] = /^(\S+) \d+$/.exec(line) ?? [];
    if (token === undefined) throw new UserError('expected a token and a count', { file, line: i + 1 });
    if (tokens.has(token)) throw new UserError(`duplicate token '${token}'`, { file, line: i + 1 });
    tokens.add(token);
  }
  return { tokens: [...tokens], blank: 0, boundary: '|', special: own.map((_, i) => i), lowerCase: false };
}

/** @file A language model of a text, written as ARPA. */
import { UserError } from '../../base/errors.js';
import { writeFileAtomic } from '../../base/files.js';
import { readText } from '../../base/text.js';
import { arpaLines, estimateNgrams } from '../../lm/kneser-ney.js';

/** Words that have a meaning of their own in a model. */
const reserved: readonly string[] = ['<s>', '</s>', '<unk>', '<UNK>'];

/**
 * @returns how many n-grams of every order
 * @throws UserError for an order that is none, and a text that cannot be read, is empty or holds a reserved word
 */
export async function buildLm(request: {
  readonly text: string;
  readonly order: number;
  readonly out: string;
}): Promise<number[]> {
  const { text: file, order, out } = request;
  if (!Number.isInteger(order) || order < 1 || order > 6)
    throw new UserError(`--order ${order}: expected a whole number from 1 to 6`);
  const text = await readText(file);
  const sentences = text.split(/\r?\n/).map((line) => line.split(/\s+/).filter((word) => word !== ''));
  sentences.forEach((words, i) => {
    const wrong = words.find((word) => reserved.includes(word));
    if (wrong !== undefined)
      throw new UserError(`contains the reserved word ${wrong}`, {
        file,
        line: i + 1,
        hint: 'Remove it: the model adds it itself',
      });
  });
  const said = sentences.filter((words) => words.length > 0);
  if (said.length === 0)
    throw new UserError('contains no sentence', { file, hint: 'Expected one sentence per line' });
  const orders = estimateNgrams(said, order);
  await writeFileAtomic(out, arpaLines(orders));
  return orders.map(({ length }) => length);
}

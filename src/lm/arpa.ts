/** @file Reads n-gram models in the ARPA format, plain or gzipped, into flat tables. */
import { UserError } from '../base/errors.js';
import { textLines } from '../base/text.js';
import { type Level, type NgramModel, placeOf } from './model.js';

/** N-grams of one length in the order of the file. */
interface Rows {
  readonly parents: Uint32Array;
  readonly words: Uint32Array;
  readonly probabilities: Float32Array;
  readonly backoffs: Float32Array | undefined;
  filled: number;
}

const others = [
  ['mmap lm http://kheafield.com/code', 'a KenLM binary file, not an ARPA file'],
  ['blmt', 'an IRSTLM binary file, not an ARPA file'],
] as const;

/**
 * Reads a model.
 * @throws UserError naming file and line of what is no ARPA
 */
export async function readArpa(file: string): Promise<NgramModel> {
  const reader = modelReader(file);
  let line = 0;
  for await (const text of textLines(file, { hint: 'Pass an ARPA file', others, pieceBytes: 1 << 20 }))
    reader.line(text, ++line);
  return reader.model();
}

function modelReader(file: string): { line(text: string, number: number): void; model(): NgramModel } {
  const counts: number[] = [];
  const levels: Level[] = [];
  const vocabulary = new Map<string, number>();
  let rows: Rows | undefined;
  let section = -1; // -1 before \data\, 0 in it, n in the n-grams
  let ended = false;
  const fail: (what: string, line?: number) => never = (what, line) => {
    throw new UserError(what, { file, ...(line !== undefined && { line }), hint: 'Pass an ARPA file' });
  };

  const begin = (order: number, line: number): void => {
    finish(line);
    if (order !== section + 1 || counts[order - 1] === undefined)
      fail(`unexpected section \\${order}-grams:`, line);
    section = order;
    rows = emptyRows(counts[order - 1] as number, order < counts.length);
  };

  const finish = (line?: number): void => {
    if (rows === undefined) return;
    if (rows.filled !== rows.words.length)
      fail(`found ${rows.filled} ${section}-grams, expected ${rows.words.length}`, line);
    const sorted = sortedLevel(rows, section > 1 ? (counts[section - 2] as number) : 1);
    if (section > 1) levels[section - 2] = { ...(levels[section - 2] as Level), children: sorted.starts };
    levels.push(sorted.level);
    rows = undefined;
  };

  const ngram = (text: string, line: number, into: Rows): void => {
    const [probability, gram, backoff] = text.split('\t');
    const words = (gram ?? '').split(' ');
    const place = into.filled;
    const value = Number(probability);
    if (gram === undefined || words.length !== section || !Number.isFinite(value)) {
      fail(`invalid ${section}-gram: expected probability, words and back-off, separated by tabs`, line);
      return;
    }
    if (place >= into.words.length) fail(`more ${section}-grams than the file's header declares`, line);
    if (section === 1) {
      if (vocabulary.has(gram)) fail(`duplicate word '${gram}'`, line);
      vocabulary.set(gram, place);
      into.words[place] = place;
    } else {
      const numbers = words.map(
        (word) => vocabulary.get(word) ?? fail(`'${word}' is not in the 1-grams`, line),
      );
      const parent = placeOf(levels, numbers.slice(0, -1));
      if (parent < 0) fail(`its first ${section - 1} words are missing from the ${section - 1}-grams`, line);
      into.parents[place] = parent;
      into.words[place] = numbers.at(-1) as number;
    }
    into.probabilities[place] = value;
    if (into.backoffs !== undefined && backoff !== undefined) into.backoffs[place] = Number(backoff);
    into.filled = place + 1;
  };

  return {
    line(text, number) {
      if (ended || text === '') return;
      if (text.startsWith('\\')) {
        const [, order] = /^\\(\d+)-grams:$/.exec(text) ?? [];
        if (text === '\\data\\') section = 0;
        else if (order !== undefined) begin(Number(order), number);
        else if (text === '\\end\\') {
          finish(number);
          ended = true;
        } else fail(`unknown ARPA section '${text}'`, number);
      } else if (section === 0) {
        const [, order, count] = /^ngram (\d+)=(\d+)$/.exec(text) ?? [];
        if (Number(order) !== counts.length + 1) fail(`invalid n-gram count '${text}'`, number);
        counts.push(Number(count));
      } else if (rows !== undefined) ngram(text, number, rows);
      // What stands before \data\ is a comment.
    },
    model() {
      if (!ended || levels.length !== counts.length || levels.length === 0) fail('unexpected end of file');
      // Some models have it in capitals; KenLM takes them alike.
      const unknown = vocabulary.get('<unk>') ?? vocabulary.get('<UNK>');
      return { order: levels.length, vocabulary, levels, unknown };
    },
  };
}

function emptyRows(count: number, inner: boolean): Rows {
  return {
    parents: new Uint32Array(count),
    words: new Uint32Array(count),
    probabilities: new Float32Array(count),
    backoffs: inner ? new Float32Array(count) : undefined,
    filled: 0,
  };
}

/** Rows in the order of parent, then word; and where each parent's begin. */
function sortedLevel(rows: Rows, parents: number): { readonly level: Level; readonly starts: Uint32Array } {
  const count = rows.words.length;
  const starts = new Uint32Array(parents + 1);
  for (const parent of rows.parents) starts[parent + 1] = (starts[parent + 1] as number) + 1;
  for (let i = 0; i < parents; i++) starts[i + 1] = (starts[i + 1] as number) + (starts[i] as number);
  const next = starts.slice(0, parents);
  const order = new Uint32Array(count);
  rows.parents.forEach((parent, row) => {
    const place = next[parent] as number;
    order[place] = row;
    next[parent] = place + 1;
  });
  for (let i = 0; i < parents; i++) {
    order
      .subarray(starts[i] as number, starts[i + 1] as number)
      .sort((a, b) => (rows.words[a] as number) - (rows.words[b] as number));
  }
  const floats = (values: Float32Array): Float32Array => {
    const sorted = new Float32Array(count);
    for (let i = 0; i < count; i++) sorted[i] = values[order[i] as number] as number;
    return sorted;
  };
  const level: Level = {
    words: Uint32Array.from(order, (row) => rows.words[row] as number),
    probabilities: floats(rows.probabilities),
    backoffs: rows.backoffs && floats(rows.backoffs),
    children: undefined,
  };
  return { level, starts };
}

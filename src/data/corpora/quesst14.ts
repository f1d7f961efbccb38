/** @file QUESST 2014: spoken queries to be found in documents, the English part of it, as SUPERB takes it. */
import { existsSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { UserError } from '../../base/errors.js';
import { type Corpus, type CorpusRow, firstThere, linesOf, missingRemark, notThere } from './corpus.js';
import type { CorpusPairs } from './pair-files.js';

/** What the scoring folder calls the splits. */
const parts = { dev: 'dev', test: 'eval' } as const;
type Part = keyof typeof parts;
const partNames = Object.keys(parts) as Part[];

/** SUPERB takes this language alone (s3prl, downstream/quesst14_dtw). */
const language = 'nnenglish';

/** As others counted the English part: no publisher's list of it is known. */
const known = { dev: 138, test: 138, documents: 2438 } as const;

/** A line of a key: an audio file below the root, and its language. */
interface Key {
  readonly name: string;
  readonly file: string;
  readonly language: string;
}

export const quesst14: Corpus = {
  name: 'quesst14',
  summary: 'QUESST 2014, its English queries and documents, with files of pairs (qbe)',
  understands: [],
  async find(root) {
    const base = firstThere(root, ['quesst14Database/scoring', 'scoring']);
    const keys = ['utterances', 'dev', 'eval'].map((name) => `scoring/language_key_${name}.lst`);
    if (base === undefined) throw notThere(root, 'QUESST 2014', keys);
    const folder = join(base, '..');
    const absent = keys.filter((key) => !existsSync(join(folder, key)));
    if (absent.length > 0) throw notThere(root, 'QUESST 2014', absent);
    const keyOf = (name: string): Promise<Key[]> =>
      readKey(folder, join(folder, 'scoring', `language_key_${name}.lst`));
    const everyDocument = await keyOf('utterances');
    const remarks: string[] = [];
    const documents = present(everyDocument, 'documents', known.documents, remarks);
    const rows: CorpusRow[] = [];
    const truths: PartTruth[] = [];
    for (const split of partNames) {
      const queries = present(await keyOf(parts[split]), split, known[split], remarks);
      rows.push(
        ...queries.map((query) => rowOf(query, query.name, split, 'query')),
        ...documents.map((document) => rowOf(document, documentId(split, document), split, 'document')),
      );
      const occurrences = await readOccurrences(folder, parts[split]);
      truths.push({ split, queries, documents, occurrences, inAll: everyDocument.length });
    }
    return {
      manifests: { qbe: rows },
      pairs: {
        'qbe-pairs': pairsOf(truths, false),
        'qbe-pairs-all-languages': pairsOf(truths, true),
      },
      remarks,
    };
  },
};

/** A document is searched in both splits; pairs are of one split, so that it has a row in each. */
const documentId = (split: Part, { name }: Key): string => `${split}-${name}`;

function rowOf({ name, file }: Key, id: string, split: Part, role: 'query' | 'document'): CorpusRow {
  return { id, file, split, columns: { role, name } };
}

/** `FOLDER/PATH LANGUAGE` a line: the first part of the path is the folder's own name. */
async function readKey(folder: string, key: string): Promise<Key[]> {
  return (await linesOf(key)).map((line, i) => {
    const [path = '', spoken, ...more] = line.trim().split(/\s+/);
    const below = path.replace(/^[^/]*\//, '');
    if (spoken === undefined || more.length > 0 || below === path) {
      throw new UserError(`invalid line '${line}' in the key file`, {
        file: key,
        line: i + 1,
        hint: 'Download it again; expected lines such as: quesst14Database/Audio/quesst14_00001.wav nnenglish',
      });
    }
    return { name: basename(below, extname(below)), file: join(folder, below), language: spoken };
  });
}

/** Those of the language whose audio is there. */
function present(keys: readonly Key[], what: string, count: number, remarks: string[]): Key[] {
  const wanted = keys.filter((key) => key.language === language);
  const found = wanted.filter(({ file }) => existsSync(file));
  const missing = wanted.filter(({ file }) => !existsSync(file));
  remarks.push(
    ...missingRemark(
      what,
      missing.map(({ name }) => name),
    ),
  );
  const named = what === 'documents' ? what : `queries of ${what}`;
  if (found.length !== count) remarks.push(`${found.length} ${named} in English, expected ${count}`);
  return found;
}

/** The documents that each query occurs in, of all languages: lines LEXEME of the ground truth. */
async function readOccurrences(
  folder: string,
  part: string,
): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const name = `scoring/groundtruth_quesst14_${part}/quesst14_${part}.rttm`;
  const file = join(folder, name);
  if (!existsSync(file)) throw notThere(folder, `the ground truth of ${part}`, [name]);
  const occurrences = new Map<string, Set<string>>();
  for (const line of await linesOf(file)) {
    const [, document, query] =
      /^LEXEME\s+(quesst14_\d+)\s.*?\b(quesst14_(?:dev|eval)_\d+)\b/.exec(line) ?? [];
    if (document === undefined || query === undefined) continue;
    const own = occurrences.get(query) ?? new Set();
    occurrences.set(query, own.add(document));
  }
  if (occurrences.size > 0) return occurrences;
  throw new UserError('contains no occurrence of a query', {
    file,
    hint: 'Download it again; such lines begin with LEXEME',
  });
}

interface PartTruth {
  readonly split: Part;
  readonly queries: readonly Key[];
  readonly documents: readonly Key[];
  /** Of all languages. */
  readonly occurrences: ReadonlyMap<string, ReadonlySet<string>>;
  /** How many documents of all languages there are. */
  readonly inAll: number;
}

/**
 * Every query with every document. With all languages, each row says what the official scoring counts: the queries of all
 * languages that occur anywhere, and in how many documents of all languages its own does and does not.
 */
function pairsOf(truths: readonly PartTruth[], allLanguages: boolean): CorpusPairs {
  const counts = allLanguages ? ['truth.queries', 'truth.occurrences', 'truth.others'] : [];
  return {
    first: 'query',
    second: 'document',
    columns: ['split', 'query', 'document', 'target', ...counts],
    *rows() {
      for (const { split, queries, documents, occurrences, inAll } of truths) {
        for (const query of queries) {
          const own = occurrences.get(query.name) ?? new Set();
          const truth = {
            'truth.queries': String(occurrences.size),
            'truth.occurrences': String(own.size),
            'truth.others': String(inAll - own.size),
          };
          for (const document of documents) {
            const target = own.has(document.name) ? '1' : '0';
            const pair = { split, query: query.name, document: documentId(split, document), target };
            yield allLanguages ? { ...pair, ...truth } : pair;
          }
        }
      }
    },
  };
}

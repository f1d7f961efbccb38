/** @file Any tree of audio files: labels from folders, splits by speaker, texts from a CSV file. */
import { basename, dirname, extname, join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { messageOf, UserError } from '../../base/errors.js';
import { readText } from '../../base/text.js';
import { type Corpus, type CorpusRow, isAudioName, missingRemark, notThere } from './corpus.js';
import { drawnSplit } from './splits.js';
import { filesBelow } from './walk.js';

type Columns = Readonly<Record<string, string>>;

const splitNames = ['train', 'dev', 'test'];

export const folder: Corpus = {
  name: 'folder',
  summary: 'any folder of audio files, with --label-from-parent, --split-by-speaker, --texts CSV',
  understands: ['labelFromParent', 'splitBySpeaker', 'texts'],
  async find(root, { labelFromParent = false, splitBySpeaker = false, texts }) {
    const remarks: string[] = [];
    const files = (await filesBelow(root, remarks)).filter(isAudioName);
    if (files.length === 0)
      throw notThere(root, 'audio files', ['*.wav', '*.flac', '*.mp3', '*.ogg', '*.opus'], remarks);
    const told = texts === undefined ? undefined : await readTexts(texts);
    const tellings = files.map((path) => [path, told === undefined ? {} : told.get(keyOf(path))] as const);
    const rows = tellings.flatMap(([path, columns]) =>
      columns === undefined ? [] : [rowOf(root, path, { labelFromParent, splitBySpeaker }, columns)],
    );
    if (rows.length === 0) {
      throw new UserError(`none of its rows refers to a file in ${root}`, {
        file: texts ?? root,
        hint: `Paths in the column path must be relative to --root, such as ${files[0]}`,
      });
    }
    const there = new Set(files.map(keyOf));
    const silent = [...(told ?? [])].flatMap(([key, { path = key }]) => (there.has(key) ? [] : [path]));
    const untold = told === undefined ? 0 : files.length - rows.length;
    return {
      manifests: { [basename(root) || 'folder']: rows },
      remarks: [
        ...remarks,
        ...missingRemark('audio of the texts', silent),
        ...(untold === 0 ? [] : [`${untold} audio files have no row in ${texts}`]),
      ],
    };
  },
};

function rowOf(
  root: string,
  path: string,
  how: { readonly labelFromParent: boolean; readonly splitBySpeaker: boolean },
  columns: Columns,
): CorpusRow {
  const parents = dirname(path) === '.' ? [] : dirname(path).split('/');
  const label = how.labelFromParent ? parents.pop() : undefined;
  const speaker = columns.speaker ?? parents.at(-1) ?? '';
  if (how.labelFromParent && label === undefined) {
    throw new UserError('is not in a folder, so it has no label', {
      file: join(root, path),
      hint: 'Move it into a folder, or remove --label-from-parent',
    });
  }
  if (how.splitBySpeaker && speaker === '') {
    throw new UserError('has no speaker, which --split-by-speaker needs', {
      file: join(root, path),
      hint: 'Put the files of each speaker into one folder, or add a column speaker to the --texts file',
    });
  }
  const split = columns.split ?? drawnSplit(how.splitBySpeaker ? `speaker ${speaker}` : path);
  if (!splitNames.includes(split)) {
    throw new UserError(`unknown split '${split}' of ${path}`, {
      hint: `Expected one of: ${splitNames.join(', ')}`,
    });
  }
  const { path: _, split: __, ...rest } = columns;
  return {
    id: path.slice(0, path.length - extname(path).length).replaceAll('/', '-'),
    file: join(root, path),
    split,
    columns: { ...(speaker !== '' && { speaker }), ...(label !== undefined && { label }), ...rest },
  };
}

/** A path as it is looked up: texts may have been written on a system with other separators, or another Unicode form. */
const keyOf = (path: string): string => path.replaceAll('\\', '/').replace(/^\.\//, '').normalize('NFC');

async function readTexts(file: string): Promise<Map<string, Columns>> {
  const text = await readText(file, { hint: 'Save it as CSV in UTF-8' });
  let rows: Columns[];
  try {
    rows = parse(text, { columns: true, bom: true, skip_empty_lines: true, trim: true }) as Columns[];
  } catch (error) {
    throw new UserError(`invalid CSV (${messageOf(error)})`, { file, cause: error });
  }
  if (rows.some(({ path }) => path === undefined || path === '')) {
    throw new UserError("has no column 'path', or a row without one", {
      file,
      hint: 'The first line must contain the column names: path,text',
    });
  }
  const told = new Map<string, Columns>();
  for (const row of rows) {
    const key = keyOf(row.path as string);
    if (told.has(key))
      throw new UserError(`duplicate path '${row.path}'`, { file, hint: 'Keep one row per file' });
    told.set(key, row);
  }
  return told;
}

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
  summary: 'any tree of audio files, with --label-from-parent, --split-by-speaker, --texts CSV',
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
      throw new UserError(`none of its rows names a file below ${root}`, {
        file: texts ?? root,
        hint: `Its column path must be relative to --root: ${files[0]}`,
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
    throw new UserError('lies in no folder that could be its label', {
      file: join(root, path),
      hint: 'Put it into a folder, or leave --label-from-parent out',
    });
  }
  if (how.splitBySpeaker && speaker === '') {
    throw new UserError('has no speaker to split by', {
      file: join(root, path),
      hint: 'Put the files of a speaker into a folder, or give a column speaker with --texts',
    });
  }
  const split = columns.split ?? drawnSplit(how.splitBySpeaker ? `speaker ${speaker}` : path);
  if (!splitNames.includes(split)) {
    throw new UserError(`the split '${split}' of ${path} is not known`, {
      hint: `Use ${splitNames.join(', ')}`,
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
    throw new UserError(`is not valid CSV (${messageOf(error)})`, { file, cause: error });
  }
  if (rows.some(({ path }) => path === undefined || path === '')) {
    throw new UserError("has no column 'path', or a row without one", {
      file,
      hint: 'Its first line must name the columns: path,text',
    });
  }
  const told = new Map<string, Columns>();
  for (const row of rows) {
    const key = keyOf(row.path as string);
    if (told.has(key))
      throw new UserError(`names '${row.path}' twice`, { file, hint: 'Leave one row a file' });
    told.set(key, row);
  }
  return told;
}

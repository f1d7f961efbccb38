/** @file From the rows of a toolkit's files to a corpus: audio found, columns named, splits told. */
import { UserError } from '../../../base/errors.js';
import type { CorpusRow, FoundCorpus } from '../corpus.js';
import { type LocatedRow, locate } from './locate.js';
import { splitOf } from './split-names.js';
import type { ReadInput, ToolkitOptions, ToolkitRow } from './toolkit.js';

/**
 * From rows of a toolkit to a corpus: audio found, columns named, splits told.
 * @throws UserError when none of the audio is there, a column that was asked for is not, or nothing tells a split
 */
export async function corpusOf(
  name: string,
  inputs: readonly ReadInput[],
  options: ToolkitOptions,
  remarks: readonly string[] = [],
): Promise<FoundCorpus> {
  const told = [...remarks];
  checkColumns(inputs, options);
  const located = await locate(inputs, options.root, told);
  const rows = located.map(({ row, audio, input }): CorpusRow => {
    const columns = renamed(row.columns, options.columns);
    const id = row.id ?? idOf(row, audio);
    return {
      id,
      file: audio,
      split: splitOf({ input, id, row, speaker: columns.speaker }, options),
      start: row.start,
      duration: row.duration,
      channel: row.channel,
      stated: row.stated,
      known: row.known,
      place: placeOf(row),
      columns,
    };
  });
  return { manifests: { [name]: rows }, remarks: told };
}

/** FILE:LINE, for remarks. */
const placeOf = ({ file, line }: ToolkitRow): string => (line === undefined ? file : `${file}:${line}`);

/** The audio's name, and where in it the row starts. */
function idOf({ audio, start }: ToolkitRow, file: LocatedRow['audio']): string {
  const inside = /#(.+?)@/.exec(file)?.[1] ?? audio;
  const stem = (inside.split(/[/\\]/).at(-1) ?? inside).replace(/\.[A-Za-z0-9]{2,5}$/, '');
  return start === undefined || start === 0 ? stem : `${stem}-${start}`;
}

/** Columns under our names. */
function renamed(
  columns: Readonly<Record<string, string>>,
  names: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const pairs = Object.entries(names).filter(([own]) => own !== audioColumn);
  const taken = new Set(pairs.flat());
  return Object.fromEntries([
    ...Object.entries(columns).filter(([name]) => !taken.has(name)),
    ...pairs.flatMap(([own, name]) => (columns[name] === undefined ? [] : [[own, columns[name]] as const])),
  ]);
}

/** Says which audio is taken, where there is more: a reader's to understand. */
export const audioColumn = 'audio';

/** The columns that any row has. */
function columnNames(inputs: readonly ReadInput[]): ReadonlySet<string> {
  const names = new Set<string>();
  for (const { rows } of inputs)
    for (const row of rows) for (const name of Object.keys(row.columns)) names.add(name);
  return names;
}

function checkColumns(inputs: readonly ReadInput[], { columns = {} }: ToolkitOptions): void {
  const there = columnNames(inputs);
  for (const [own, name] of Object.entries(columns)) {
    if (own === audioColumn || there.has(name)) continue;
    throw new UserError(`no row has the column '${name}', which --columns uses for ${own}`, {
      hint: `Its columns: ${[...there].sort().join(', ') || 'none'}`,
    });
  }
}

/** Columns that mean something in a manifest, and are not the toolkit's to fill as it likes. */
const reserved = new Set(['id', 'path', 'split', 'start', 'duration', 'channel']);

/** Single values as columns; lists and structures are none. Names that a manifest has a meaning for get another. */
export function columnsOf(fields: Iterable<readonly [string, unknown]>): Record<string, string> {
  const columns: [string, string][] = [];
  for (const [name, value] of fields) {
    if (value === null || value === undefined || typeof value === 'object' || name === '') continue;
    columns.push([reserved.has(name) ? `source_${name}` : name, String(value)]);
  }
  return Object.fromEntries(columns);
}

/** What others call our columns, the likeliest first. */
const otherNames: Readonly<Record<string, readonly string[]>> = {
  text: ['sentence', 'transcription', 'transcript', 'normalized_text', 'raw_text'],
  speaker: ['speaker_id', 'client_id', 'spk_id', 'spk'],
};

/**
 * Columns that are ours by another name, where the user names none and none has our name.
 * @param remarks gets a line about each
 */
export function namedAlike(
  inputs: readonly ReadInput[],
  options: ToolkitOptions,
  remarks: string[],
): ToolkitOptions {
  const names = columnNames(inputs);
  const found: [string, string][] = [];
  for (const [own, others] of Object.entries(otherNames)) {
    if (names.has(own) || options.columns?.[own] !== undefined) continue;
    const other = others.find((name) => names.has(name));
    if (other === undefined) continue;
    found.push([own, other]);
    remarks.push(`using the column '${other}' for ${own} (--columns ${own}=NAME to use another)`);
  }
  return { ...options, columns: { ...Object.fromEntries(found), ...options.columns } };
}

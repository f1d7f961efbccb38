/** @file Which split a row is for: as the user says, as it says itself, or as the name of its file tells. */
import { basename, dirname } from 'node:path';
import { UserError } from '../../../base/errors.js';
import { drawnSplit } from '../splits.js';
import type { SplitOptions, ToolkitInput, ToolkitRow } from './toolkit.js';

export const splitChoices = ['train', 'dev', 'test', 'drawn'] as const;

const words: Readonly<Record<string, string>> = {
  ...Object.fromEntries(['train', 'training', 'tr'].map((word) => [word, 'train'])),
  ...Object.fromEntries(
    ['dev', 'devel', 'development', 'valid', 'validation', 'val', 'cv', 'dt'].map((word) => [word, 'dev']),
  ),
  ...Object.fromEntries(['test', 'testing', 'eval', 'evaluation', 'et', 'tt'].map((word) => [word, 'test'])),
};

/** The split that a name tells, as `train-clean-100` or `eval92`; undefined where it tells none, or two. */
export function splitNamed(name: string): string | undefined {
  const told = new Set(
    name
      .toLowerCase()
      .split(/[^a-z]+/)
      .flatMap((word) => (Object.hasOwn(words, word) ? (words[word] as string) : [])),
  );
  return told.size === 1 ? [...told][0] : undefined;
}

/** The split of a file or folder, by its name, or by that of the folder it lies in where it is but a number there. */
export function splitOfPath(path: string): string | undefined {
  const name = basename(path).replace(/\.(jsonl?|gz|tar|tgz|parquet)\b/g, '');
  const own = splitNamed(name);
  if (own !== undefined) return own;
  return /^(?:data|part|shard|audio|manifest)?[-_\d]*(?:of[-_\d]*)?$/i.test(name)
    ? splitNamed(basename(dirname(path)))
    : undefined;
}

/** @throws UserError where nothing tells the split of a row */
export function splitOf(
  {
    input,
    id,
    row,
    speaker,
  }: {
    readonly input: ToolkitInput;
    readonly id: string;
    readonly row: ToolkitRow;
    readonly speaker: string | undefined;
  },
  { split, splitBySpeaker = false }: SplitOptions,
): string {
  const { file, line } = row;
  if (splitBySpeaker) {
    if (speaker) return drawnSplit(`speaker ${speaker}`);
    throw new UserError(`'${id}' has no speaker, which --split-by-speaker needs`, {
      file,
      ...(line !== undefined && { line }),
      hint: 'Remove --split-by-speaker, or name the column: --columns speaker=NAME',
    });
  }
  if (split === 'drawn') return drawnSplit(id);
  const told = input.split ?? split ?? (row.split === undefined ? undefined : splitNamed(row.split));
  const found = told ?? splitOfPath(input.path);
  if (found !== undefined) return found;
  throw new UserError('unknown split of this input', {
    file: input.path,
    hint: `Name the split, for example train=${input.path}; or pass --split ${splitChoices.join(', --split ')}, or --split-by-speaker`,
  });
}

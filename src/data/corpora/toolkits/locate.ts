/** @file Where the audio of a toolkit's rows lies on this machine: relative paths, and absolute ones of another. */
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { UserError } from '../../../base/errors.js';
import { absentFiles } from '../../presence.js';
import { missingRemark } from '../corpus.js';
import type { ReadInput, ToolkitInput, ToolkitRow } from './toolkit.js';

export interface LocatedRow {
  readonly row: ToolkitRow;
  readonly input: ToolkitInput;
  /** Absolute. */
  readonly audio: string;
}

/** Recipes run some folders above the files they write: `data/train` is two below. */
const foldersUp = 4;
/** So many paths are tried before a folder is taken for the wrong one. */
const mostTried = 20;

/**
 * Rows with the places of their audio; those whose audio is not there are left out.
 * @param remarks gets a line about what is missing, and one where absolute paths are read below `root`
 * @throws UserError when none of the audio is there
 */
export async function locate(
  inputs: readonly ReadInput[],
  root: string | undefined,
  remarks: string[],
): Promise<LocatedRow[]> {
  const all: LocatedRow[] = [];
  const looked = new Set<string>();
  for (const { input, rows } of inputs) {
    const open = rows.filter(({ isLocated }) => !isLocated).map(({ audio }) => audio);
    const base = await baseOf(
      open.filter((path) => !isAbsolute(path)),
      root === undefined ? around(input.path) : [resolve(root)],
      looked,
    );
    const moved = await movedPrefix(open.filter(isAbsolute), root, remarks);
    const place = (audio: string): string =>
      isAbsolute(audio) ? moved(audio) : resolve(base ?? root ?? dirname(input.path), audio);
    for (const row of rows) all.push({ row, input, audio: row.isLocated ? row.audio : place(row.audio) });
  }
  const files = [...new Set(all.map(({ audio }) => audio))];
  const absent = new Set(await absentFiles(files));
  if (absent.size === 0) return all;
  if (absent.size === files.length) throw noneThere(all, looked, root);
  const [first] = absent;
  const use = all.find(({ audio }) => audio === first);
  const [line] = missingRemark('the audio', [...absent]);
  const place = [use?.row.file, use?.row.line].filter((each) => each !== undefined).join(':');
  remarks.push(`${line} (${place}); the utterances are skipped`);
  return all.filter(({ audio }) => !absent.has(audio));
}

/** The folder of a file, those above it, and the one that the command was given in. */
function around(path: string): string[] {
  const folders = [resolve(path)];
  for (let i = 0; i < foldersUp; i++) folders.push(dirname(folders.at(-1) as string));
  return [...new Set([...folders, process.cwd()])];
}

/** The first folder that one of the first paths lies in; undefined where there is none. */
async function baseOf(
  paths: readonly string[],
  folders: readonly string[],
  looked: Set<string>,
): Promise<string | undefined> {
  if (paths.length === 0) return undefined;
  const tried = paths.slice(0, mostTried);
  for (const folder of folders) {
    looked.add(folder);
    const candidates = tried.map((path) => resolve(folder, path));
    if ((await absentFiles(candidates)).length < candidates.length) return folder;
  }
  return undefined;
}

/** Absolute paths of another machine end on the path below `root` where that was given. */
async function movedPrefix(
  paths: readonly string[],
  root: string | undefined,
  remarks: string[],
): Promise<(path: string) => string> {
  const same = (path: string): string => path;
  const tried = paths.slice(0, mostTried);
  if (root === undefined || tried.length === 0) return same;
  for (const path of await absentFiles(tried)) {
    const parts = path.split('/');
    for (let cut = 1; cut < parts.length; cut++) {
      const below = join(resolve(root), ...parts.slice(cut));
      if ((await absentFiles([below])).length > 0) continue;
      const prefix = parts.slice(0, cut).join('/');
      if (prefix !== resolve(root)) remarks.push(`paths in ${prefix || '/'} are read from ${resolve(root)}`);
      return (each) =>
        each.startsWith(`${prefix}/`) ? join(resolve(root), each.slice(prefix.length + 1)) : each;
    }
  }
  return same;
}

function noneThere(
  all: readonly LocatedRow[],
  looked: ReadonlySet<string>,
  root: string | undefined,
): UserError {
  const { row, audio } = all[0] as LocatedRow;
  const where = isAbsolute(row.audio) || looked.size === 0 ? audio : [...looked].join(', ');
  return new UserError(`no audio file was found: looked for '${row.audio}' in ${where}`, {
    file: row.file,
    ...(row.line !== undefined && { line: row.line }),
    hint:
      root === undefined
        ? 'Pass the folder of the audio with --root'
        : 'Pass with --root the folder that the paths are relative to, or a folder that contains the last parts of the paths',
  });
}

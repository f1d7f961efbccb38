/** @file How a record names files: the same on every machine, so that records can be committed and shared. */
import { relative, sep, win32 } from 'node:path';

/** Whether a path is one of this or that machine alone (`/data/ks.csv`, `C:\data\ks.csv`). */
export function isMachinePath(path: string): boolean {
  // Windows' rules know both kinds.
  return win32.isAbsolute(path);
}

/**
 * What a record keeps of a path: a relative one as it is; an absolute one from `folder` where it lies below it, else
 * the file's name alone. The hash beside it says which file of that name was meant.
 * @param folder the working folder
 */
export function recordedPath(path: string, folder: string = process.cwd()): string {
  if (!isMachinePath(path)) return path;
  const within = relative(folder, path);
  const outside = within === '' || within === '..' || within.startsWith(`..${sep}`) || isMachinePath(within);
  return outside ? win32.basename(path) : within.split(sep).join('/');
}

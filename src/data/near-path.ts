/** @file The file that a path may have meant: written on another system, in another Unicode form, in other case. */
import { readdir, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';

/**
 * Says what is there instead of a file that is not.
 * @param written the path as the manifest has it
 * @param path where that was looked for, absolute
 * @returns a sentence, or undefined where nothing like it is there
 */
export async function nearPath(written: string, path: string): Promise<string | undefined> {
  const slashed = path.replaceAll('\\', '/');
  const found = await closestThere(slashed);
  const hasBackSlashes = written.includes('\\') && sep === '/';
  if (found === undefined) {
    return hasBackSlashes || /^[A-Za-z]:/.test(written)
      ? 'This is a Windows path: use / and make it relative to the root'
      : undefined;
  }
  const how = [
    ...(hasBackSlashes ? ['/ instead of \\'] : []),
    ...(found.form ? ['another Unicode form (macOS uses NFD, others use NFC)'] : []),
    ...(found.case ? ['different upper and lower case'] : []),
    ...(found.blanks ? ['different spaces at its ends'] : []),
  ];
  return `Found '${found.path}' instead: the same name with ${how.join(', and ')}`;
}

interface Found {
  readonly path: string;
  readonly form: boolean;
  readonly case: boolean;
  readonly blanks: boolean;
}

/** Walks down from the root; where a name is not there, the one in its folder that differs least in what names differ by. */
async function closestThere(path: string): Promise<Found | undefined> {
  let place = '/';
  let [form, letters, blanks] = [false, false, false];
  for (const name of path.split('/').filter((part) => part !== '')) {
    const exact = join(place, name);
    if (await isThere(exact)) {
      place = exact;
      continue;
    }
    const names = await readdir(place).catch(() => []);
    const same = (fold: (text: string) => string): string | undefined =>
      names.find((other) => fold(other) === fold(name));
    const composed = same((text) => text.normalize('NFC'));
    const folded = composed ?? same((text) => text.normalize('NFC').toLowerCase());
    const near = folded ?? same((text) => text.normalize('NFC').toLowerCase().trim());
    if (near === undefined) return undefined;
    form ||= near.normalize('NFC') !== near || name.normalize('NFC') !== name;
    letters ||= composed === undefined && near.trim().normalize('NFC') !== name.trim().normalize('NFC');
    blanks ||= folded === undefined;
    place = join(place, near);
  }
  return (await isFile(place)) ? { path: place, form, case: letters, blanks } : undefined;
}

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

const isFile = (path: string): Promise<boolean> =>
  stat(path).then(
    (status) => status.isFile(),
    () => false,
  );

/** @file Where the recordings are: installed, unpacked by the user, or downloaded with apt and unpacked here. */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { messageOf, UserError } from '../../src/base/errors.js';

const run = promisify(execFile);

/** Debian packages of recorded speech; they need no other package. */
export const packageNames = [
  'asterisk-core-sounds-en',
  'asterisk-core-sounds-en-g722',
  'asterisk-core-sounds-es-wav',
  'asterisk-core-sounds-fr-wav',
  'asterisk-core-sounds-it-wav',
  'asterisk-core-sounds-ru-wav',
  'asterisk-prompt-es-co',
  'asterisk-prompt-fr-armelle',
  'asterisk-prompt-it-menardi-wav',
  'fillets-ng-data',
  'fillets-ng-data-nl',
  'gcin-voice',
] as const;

const hint = `Where there is no apt, get ${packageNames.join(', ')} from packages.debian.org and give their folder with --packages DIR`;

/** Every package leaves its copyright there. */
const holdsAll = (root: string): boolean =>
  packageNames.every((name) => existsSync(join(root, 'usr/share/doc', name)));

/**
 * The folder whose `usr` holds the recordings.
 * @param given a folder with the packages, unpacked or as .deb files (default: installed ones, else apt's)
 * @param work .deb files are unpacked below it
 * @throws UserError when packages are missing, and how to get them
 */
export async function findPackages(given: string | undefined, work: string): Promise<string> {
  if (given === undefined) {
    if (holdsAll('/')) return '/';
    const unpacked = join(work, 'packages');
    return holdsAll(unpacked) ? unpacked : download(join(work, 'downloads'), unpacked);
  }
  const folder = resolve(given);
  if (existsSync(join(folder, 'usr'))) {
    const missing = packageNames.filter((name) => !existsSync(join(folder, 'usr/share/doc', name)));
    if (missing.length === 0) return folder;
    throw new UserError(`lacks the packages ${missing.join(', ')}`, {
      file: folder,
      hint: 'Unpack them there: dpkg-deb -x PACKAGE.deb DIR',
    });
  }
  return unpack(folder, join(work, 'packages'));
}

async function download(folder: string, unpacked: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  try {
    await run('apt-get', ['download', ...packageNames], { cwd: folder });
  } catch (cause) {
    const { stderr, code } = cause as { readonly stderr?: unknown; readonly code?: unknown };
    const complaint = code === 'ENOENT' || typeof stderr !== 'string' ? messageOf(cause) : stderr.trim();
    throw new UserError(`apt-get cannot download the recordings (${complaint.slice(-300)})`, {
      exitCode: 1,
      hint: `Try apt-get update. ${hint}`,
      cause,
    });
  }
  return unpack(folder, unpacked);
}

/** Unpacks beside the target and moves it there, so that what is there is whole. */
async function unpack(folder: string, target: string): Promise<string> {
  const archives = existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith('.deb')) : [];
  const missing = packageNames.filter((name) => !archives.some((file) => file.startsWith(`${name}_`)));
  if (missing.length > 0) {
    throw new UserError(`holds neither usr/ nor the packages ${missing.join(', ')}`, { file: folder, hint });
  }
  const part = `${target}.part`;
  await rm(part, { recursive: true, force: true });
  await mkdir(part, { recursive: true });
  for (const file of archives) {
    await run('dpkg-deb', ['-x', join(folder, file), part]).catch((cause: unknown) => {
      throw new UserError(`cannot be unpacked (${messageOf(cause)})`, {
        file: join(folder, file),
        exitCode: 1,
        hint: 'Unpack the packages by hand and give their folder with --packages DIR',
        cause,
      });
    });
  }
  await rm(target, { recursive: true, force: true });
  await rename(part, target);
  return target;
}

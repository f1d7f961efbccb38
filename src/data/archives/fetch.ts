/** @file Brings published archives: planned first, one after the other, those that are there left alone. */
import { existsSync } from 'node:fs';
import { mkdir, statfs } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { UserError } from '../../base/errors.js';
import { createProgress } from '../../base/progress.js';
import { type FetchOptions, fetchFile } from '../../download/http.js';
import { incompleteFile, sizeOf } from '../../download/resume.js';
import type { PublishedArchive, PublishedCorpus } from './published.js';

export interface PlannedArchive extends PublishedArchive {
  readonly file: string;
  /** Bytes of it that are there already. */
  readonly there: number;
}

/**
 * What a fetch would do.
 * @param mirror a server that has the files under the same names (default: the publisher's)
 * @throws UserError for a subset that the corpus does not have
 */
export async function planFetch(
  corpus: PublishedCorpus,
  request: {
    readonly out: string;
    readonly subsets?: readonly string[] | undefined;
    readonly mirror?: string | undefined;
  },
): Promise<PlannedArchive[]> {
  const { out, mirror, subsets = corpus.usual } = request;
  const names = corpus.archives.map(({ subset }) => subset);
  const unknown = subsets.find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw new UserError(`unknown subset '${unknown}' of ${corpus.corpus}`, {
      hint: `Expected one of: ${names.join(', ')}`,
    });
  return Promise.all(
    subsets.map(async (subset) => {
      const archive = corpus.archives[names.indexOf(subset)] as PublishedArchive;
      const file = join(out, archive.name);
      const whole = await sizeOf(file);
      return {
        ...archive,
        url: mirror === undefined ? archive.url : `${mirror.replace(/\/+$/, '')}/${archive.name}`,
        file,
        there: whole ?? (await sizeOf(incompleteFile(file))) ?? 0,
      };
    }),
  );
}

/**
 * Fetches what is planned and not there.
 * @throws UserError (exit code 1) where the disk is too small, a file of that name is another, or the network fails
 */
export async function fetchArchives(
  planned: readonly PlannedArchive[],
  options: Omit<FetchOptions, 'onBytes' | 'onCheck'> & { readonly quiet: boolean },
): Promise<void> {
  const absent: PlannedArchive[] = [];
  for (const archive of planned) {
    const { file, there, bytes } = archive;
    if (!existsSync(file)) absent.push(archive);
    else if (there !== bytes) {
      throw new UserError(`has ${there} bytes, but the published file has ${bytes}`, {
        exitCode: 1,
        file,
        hint: 'Move or remove it',
      });
    }
  }
  await roomFor(absent);
  for (const { file, name, bytes, ...remote } of absent) {
    const progress = createProgress(`fetch ${name}, MB`, megabytes(bytes), {
      quiet: options.quiet,
      initial: megabytes(remote.there),
    });
    try {
      await fetchFile({ ...remote, bytes }, file, {
        ...options,
        onBytes: (done) => progress.update(megabytes(done)),
        onCheck: (done) => progress.update(megabytes(bytes), `checked ${Math.floor((100 * done) / bytes)} %`),
      });
    } finally {
      progress.stop();
    }
  }
}

const megabytes = (bytes: number): number => Math.ceil(bytes / 1e6);

export const gigabytes = (bytes: number): string =>
  bytes < 1e9 ? `${Math.ceil(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;

async function roomFor(archives: readonly PlannedArchive[]): Promise<void> {
  const [first] = archives;
  if (first === undefined) return;
  const folder = dirname(resolve(first.file));
  await mkdir(folder, { recursive: true });
  const { bavail, bsize } = await statfs(folder);
  const needed = archives.reduce((sum, { bytes, there }) => sum + bytes - Math.min(there, bytes), 0);
  if (bavail * bsize >= needed) return;
  throw new UserError(
    `not enough disk space: ${gigabytes(bavail * bsize)} free, the archives need ${gigabytes(needed)}`,
    {
      exitCode: 1,
      file: folder,
      hint: 'Free some space or choose another folder with --out',
    },
  );
}

/** @file The archives of a corpus as they come, unpacked where `prepare` looks for it. */
import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { messageOf, UserError } from '../../base/errors.js';
import { createProgress } from '../../base/progress.js';
import { digestFault } from '../../download/http.js';
import { publishedArchive } from '../archives/published.js';
import { unpack } from '../archives/unpack.js';
import type { Corpus } from './corpus.js';

/**
 * Unpacks archives of a corpus below a root; those that are unpacked already are left alone.
 * @throws UserError as `unpack`; for one that is named as a published one and is another
 */
export async function unpackCorpus(
  corpus: Pick<Corpus, 'name' | 'archivesAreFlat'>,
  request: {
    readonly root: string;
    readonly from?: readonly string[] | undefined;
    readonly unchecked?: boolean | undefined;
    readonly quiet?: boolean | undefined;
  },
): Promise<void> {
  const { root, from = [], unchecked = false, quiet = false } = request;
  for (const archive of from) {
    const name = basename(archive);
    const target = corpus.archivesAreFlat ? join(root, name.replace(/\.(tar|tgz|tar\.gz|zip)$/, '')) : root;
    const check = unchecked ? undefined : () => refuseOther(corpus.name, archive, quiet);
    await unpack(archive, target, { quiet, ...(check && { check }) });
  }
}

/** An archive that has a published one's name has its size and digest too. */
async function refuseOther(corpus: string, archive: string, quiet: boolean): Promise<void> {
  const published = publishedArchive(corpus, basename(archive));
  if (published === undefined) return;
  const { size } = await stat(archive).catch((error: unknown) => {
    throw new UserError(`the archive cannot be read (${messageOf(error)})`, { file: archive, cause: error });
  });
  const progress = createProgress(`check ${published.name}, MB`, Math.ceil(size / 1e6), { quiet });
  try {
    const fault =
      size === published.bytes
        ? await digestFault(archive, published, (bytes) => progress.update(Math.ceil(bytes / 1e6)))
        : `it has ${size} bytes, expected ${published.bytes}`;
    if (fault === undefined) return;
    throw new UserError(`differs from the published archive: ${fault}`, {
      exitCode: 1,
      file: archive,
      hint: 'Download it again (ehmam fetch), or pass --unchecked to accept another version',
    });
  } finally {
    progress.stop();
  }
}

/** @file Data that was read whole once and found right: afterwards it is trusted by its size and time. */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { UserError } from '../base/errors.js';
import { type FileStatus, fileStatus, sha256OfFile, writeFileAtomic } from '../base/files.js';

const statusSchema = z.strictObject({ size: z.number(), modified: z.number() });

/**
 * What is known of a data file stands beside it, in a file of its own: whoever reads a store may note it, and never
 * meets the writer of the shard's description. Data is named by its content, so that all who note it say the same.
 */
const notePath = (path: string): string => `${path}.verified`;

/** Notes that a file was just written or read whole, and is right. */
export async function noteVerified(path: string, status: FileStatus): Promise<void> {
  await writeFileAtomic(notePath(path), `${JSON.stringify(status)}\n`).catch((error: unknown) => {
    // The store of another user may be read only, or the shard is being made again: the next reader reads it whole, too.
    if (!(error instanceof UserError)) throw error;
  });
}

/**
 * Whether a file is there and holds what it should. It is read where no one did since it changed.
 * @param verify reads it in any case
 */
export async function isVerified(path: string, sha256: string, verify: boolean): Promise<boolean> {
  const status = await fileStatus(path);
  if (status === undefined) return false;
  const noted = await readNote(path);
  const asLeft = noted?.size === status.size && noted.modified === status.modified;
  if (asLeft && !verify) return true;
  if ((await sha256OfFile(path)) !== sha256) return false;
  if (!asLeft) await noteVerified(path, status);
  return true;
}

async function readNote(path: string): Promise<FileStatus | undefined> {
  try {
    return statusSchema.safeParse(JSON.parse(await readFile(notePath(path), 'utf8'))).data;
  } catch {
    return undefined;
  }
}

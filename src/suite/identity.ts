/** @file What an encoder is, without keeping it in memory; digests of files are kept until the files change. */
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { writeFileAtomic } from '../base/files.js';
import { ownVersion } from '../base/package.js';
import { type LoadOptions, loadEncoder } from '../encoders/load.js';

const identitySchema = z.strictObject({
  name: z.string(),
  hash: z.string(),
  /** How many numbers it has. */
  parameters: z.number(),
  notes: z.array(z.string()),
});

export type EncoderIdentity = Readonly<z.infer<typeof identitySchema>>;

const keptSchema = z.strictObject({
  identity: identitySchema,
  files: z.array(z.strictObject({ path: z.string(), size: z.number(), modified: z.number() })),
  /** Files that were not there: another encoder may be meant once they are. */
  absent: z.array(z.string()),
});

type Files = z.infer<typeof keptSchema>['files'];

/**
 * What a SPEC names.
 * @param cacheFolder where identities of files are kept
 * @throws UserError as `loadEncoder`
 */
export async function identifyEncoder(
  spec: string,
  seed: number,
  options: LoadOptions,
  cacheFolder: string,
): Promise<EncoderIdentity> {
  const made = [ownVersion(), resolve(spec), seed, options.weights];
  const digest = createHash('sha256').update(JSON.stringify(made)).digest('hex');
  const place = join(cacheFolder, 'encoders', `${digest.slice(0, 24)}.json`);
  const kept = await readKept(place);
  if (kept !== undefined && (await unchanged(kept))) return kept.identity;
  const { name, hash, parameters, graph, notes = [], origin } = await loadEncoder(spec, seed, options);
  const identity: EncoderIdentity = {
    name,
    hash,
    parameters:
      graph?.parameters ?? Object.values(parameters).reduce((sum, { data }) => sum + data.length, 0),
    notes: [...notes],
  };
  // What no file holds is made from its name alone, by code that may change under one version.
  if (origin !== undefined) {
    const files = await Promise.all(origin.files.map(statusOf));
    const absent = (origin.absent ?? []).map((path) => resolve(path));
    await writeFileAtomic(place, JSON.stringify({ identity, files, absent }));
  }
  return identity;
}

async function readKept(place: string): Promise<z.infer<typeof keptSchema> | undefined> {
  const text = await readFile(place, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return keptSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

async function statusOf(path: string): Promise<Files[number]> {
  const { size, mtimeMs } = await stat(path);
  return { path: resolve(path), size, modified: mtimeMs };
}

async function unchanged({ files, absent }: z.infer<typeof keptSchema>): Promise<boolean> {
  if (files.length === 0) return false;
  for (const path of absent) if (await stat(path).catch(() => undefined)) return false;
  for (const file of files) {
    const now = await statusOf(file.path).catch(() => undefined);
    if (now?.size !== file.size || now.modified !== file.modified) return false;
  }
  return true;
}

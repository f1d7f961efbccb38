/** @file The local cache of the Hugging Face hub, in the layout of its own tools: what a `hf:` SPEC finds there. */
import { readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { UserError } from '../../base/errors.js';
import { indexFile, shardsOf, singleFile, torchFile } from './stored.js';

/** A model of the hub at a revision. */
export interface HubModel {
  /** `owner/name` */
  readonly repository: string;
  /** A branch, a tag, or a commit. */
  readonly revision: string;
}

const specPattern = /^hf:([\w.-]+\/[\w.-]+?)(?:@([\w./-]+))?$/;

/**
 * What a SPEC `hf:<owner>/<name>[@revision]` names; undefined for any other SPEC.
 * @throws UserError for a SPEC that begins with `hf:` and goes on in another way
 */
export function parseHubSpec(spec: string): HubModel | undefined {
  if (!spec.startsWith('hf:')) return undefined;
  const [, repository, revision = 'main'] = specPattern.exec(spec) ?? [];
  const isPath = (text: string): boolean =>
    text.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
  if (repository === undefined || !isPath(repository) || !isPath(revision)) {
    throw new UserError(`'${spec}' names no model of the hub`, {
      mend: 'Write hf:OWNER/NAME or hf:OWNER/NAME@REVISION',
    });
  }
  return { repository, revision };
}

/** The cache's folder: $HF_HUB_CACHE, else `hub` in $HF_HOME, else ~/.cache/huggingface/hub. */
export function hubCacheFolder(environment: NodeJS.ProcessEnv = process.env): string {
  const { HF_HUB_CACHE, HUGGINGFACE_HUB_CACHE, HF_HOME, XDG_CACHE_HOME } = environment;
  const given = HF_HUB_CACHE || HUGGINGFACE_HUB_CACHE;
  if (given) return given;
  return join(HF_HOME || join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'huggingface'), 'hub');
}

/** The folder of a model in the cache, which holds `blobs`, `refs` and `snapshots`. */
export function modelFolder({ repository }: HubModel, cache = hubCacheFolder()): string {
  return join(cache, `models--${repository.replace('/', '--')}`);
}

export const snapshotFolder = (model: HubModel, commit: string): string =>
  join(modelFolder(model), 'snapshots', commit);

export const refFile = (model: HubModel): string => join(modelFolder(model), 'refs', model.revision);

/** The folder of a model's files; undefined when the cache has not all that an encoder needs. */
export async function cachedSnapshot(model: HubModel): Promise<string | undefined> {
  const commit = await readFile(refFile(model), 'utf8').catch(() => undefined);
  // A commit has no reference of its own, and files copied by hand stand under the revision's name.
  const names = [...(commit === undefined ? [] : [commit.trim()]), model.revision];
  for (const name of names) {
    if (!/^[\w.-]+$/.test(name) || /^\.+$/.test(name)) continue;
    const folder = snapshotFolder(model, name);
    if (await isComplete(folder)) return folder;
  }
  return undefined;
}

/** Whether a folder has a configuration and weights, every shard of them. */
async function isComplete(folder: string): Promise<boolean> {
  const has = (name: string): Promise<boolean> =>
    stat(join(folder, name)).then(
      (found) => found.isFile(),
      () => false,
    );
  if (!(await has('config.json'))) return false;
  if ((await has(singleFile)) || (await has(torchFile))) return true;
  if (!(await has(indexFile))) return false;
  const shards = await shardsOf(folder);
  return (await Promise.all(shards.map(has))).every((there) => there);
}

/** @file The local cache of the Hugging Face hub, in the layout of its own tools: what a `hf:` SPEC finds there. */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../../base/errors.js';
import { hubCacheFolder } from './environment.js';
import { extractorIn, preprocessorFile, processorFile } from './preprocessor.js';
import { indexFile, shardsOf, singleFile, torchFile, torchIndexFile } from './stored.js';

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
    throw new UserError(`invalid model name '${spec}'`, {
      hint: 'Expected hf:OWNER/NAME or hf:OWNER/NAME@REVISION',
    });
  }
  return { repository, revision };
}

/** The folder of a model in the cache, which holds `blobs`, `refs` and `snapshots`. */
export function modelFolder({ repository }: HubModel, cache = hubCacheFolder()): string {
  return join(cache, `models--${repository.replace('/', '--')}`);
}

export const snapshotFolder = (model: HubModel, commit: string): string =>
  join(modelFolder(model), 'snapshots', commit);

export const refFile = (model: HubModel): string => join(modelFolder(model), 'refs', model.revision);

/** What the cache has of a model. */
export type Cached =
  | { readonly kind: 'whole'; readonly folder: string }
  /**
   * Weights, but neither the settings of the preprocessor nor word that the hub has none. Tools of before transformers 5 asked
   * for one of two files alone: their word counts where the hub cannot be asked.
   */
  | { readonly kind: 'without preprocessor'; readonly folder: string; readonly saysNone: boolean }
  | { readonly kind: 'nothing' };

/** Looks a model up in the cache. */
export async function cachedSnapshot(model: HubModel): Promise<Cached> {
  const commit = await readFile(refFile(model), 'utf8').catch(() => undefined);
  // A commit has no reference of its own, and files copied by hand stand under the revision's name.
  const names = [...(commit === undefined ? [] : [commit.trim()]), model.revision];
  let partly: Extract<Cached, { kind: 'without preprocessor' }> | undefined;
  for (const name of names) {
    if (!/^[\w.-]+$/.test(name) || /^\.+$/.test(name)) continue;
    const folder = snapshotFolder(model, name);
    if (!(await hasWeights(folder))) continue;
    if (await knowsPreprocessor(model, name)) return { kind: 'whole', folder };
    const saysNone = await isFile(absenceFile(model, name, preprocessorFile));
    partly ??= { kind: 'without preprocessor', folder, saysNone };
  }
  return partly ?? { kind: 'nothing' };
}

const isFile = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isFile(),
    () => false,
  );

/** Whether a folder has a configuration and weights, every shard of them. */
async function hasWeights(folder: string): Promise<boolean> {
  const has = (name: string): Promise<boolean> => isFile(join(folder, name));
  if (!(await has('config.json'))) return false;
  if ((await has(singleFile)) || (await has(torchFile))) return true;
  for (const index of [indexFile, torchIndexFile]) {
    if (!(await has(index))) continue;
    const shards = await shardsOf(folder, index);
    return (await Promise.all(shards.map(has))).every((there) => there);
  }
  return false;
}

/**
 * Whether the settings that decide about normalisation are there, or known to be on the hub nowhere: its tools mark what
 * they asked for in vain in `.no_exist`. Tools that fetch configuration and weights alone leave neither.
 */
async function knowsPreprocessor(model: HubModel, commit: string): Promise<boolean> {
  const folder = snapshotFolder(model, commit);
  if (await isFile(join(folder, preprocessorFile))) return true;
  const processor = join(folder, processorFile);
  if ((await extractorIn(processor)) !== undefined) return true;
  const saysNone = (name: string): Promise<boolean> => isFile(absenceFile(model, commit, name));
  return (await saysNone(preprocessorFile)) && ((await isFile(processor)) || (await saysNone(processorFile)));
}

/** The empty file that says that the hub does not have a file at a commit. */
export function absenceFile(model: HubModel, commit: string, name: string): string {
  return join(modelFolder(model), '.no_exist', commit, name);
}

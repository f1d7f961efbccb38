/** @file Models of the hub brought into the local cache: resumed where they were cut off, checked before they count. */
import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { copyFile, mkdir, rename, symlink } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { downloadFile, HubApiError, type ListFileEntry, listFiles, modelInfo } from '@huggingface/hub';
import { messageOf, UserError } from '../../base/errors.js';
import { systemCode, writeFileAtomic } from '../../base/files.js';
import { createProgress } from '../../base/progress.js';
import { bringFile, sizeOf } from '../../download/resume.js';
import { hubToken, hubUrl, offlineVariable } from './environment.js';
import {
  absenceFile,
  cachedSnapshot,
  type HubModel,
  modelFolder,
  refFile,
  snapshotFolder,
} from './hub-cache.js';
import { preprocessorFile, processorFile } from './preprocessor.js';
import { indexFile, singleFile, torchFile, torchIndexFile } from './stored.js';
import { vocabularyFile, vocabularyFiles } from './vocabulary.js';

const configFile = 'config.json';

/** Bytes that the progress counts in. */
const megabyte = 1e6;

/**
 * The folder of a model's files: the cache's, or else downloaded into it.
 * The environment counts as it does to the hub's own tools: see `environment.ts`.
 * @throws UserError where the hub cannot be reached, saying what to copy where; where it has no such model, or no
 *   weights that can be read; where a file does not arrive whole
 */
export async function hubFolder(
  model: HubModel,
  options: { readonly quiet?: boolean } = {},
): Promise<string> {
  const cached = await cachedSnapshot(model);
  if (cached.kind === 'whole') return cached.folder;
  const lacking = cached.kind === 'nothing' ? undefined : cached.folder;
  const believed = cached.kind === 'without preprocessor' && cached.saysNone ? cached.folder : undefined;
  const forbidding = offlineVariable();
  if (forbidding !== undefined && believed !== undefined) return believed;
  if (forbidding !== undefined) throw unreachable(model, lacking, `$${forbidding} disables the network`);
  try {
    const name = lacking === undefined ? '' : basename(lacking);
    return await download(model, commitPattern.test(name) ? name : undefined, options.quiet ?? false);
  } catch (error) {
    if (believed !== undefined) return believed;
    throw explained(model, lacking, error);
  }
}

/**
 * Brings a model's vocabulary into its folder, where the hub has one.
 * @param folder what `hubFolder` gave
 * @throws UserError where the hub cannot be reached
 */
export async function bringVocabulary(model: HubModel, folder: string, quiet = false): Promise<void> {
  const commit = basename(folder);
  const known = [join(folder, vocabularyFile), absenceFile(model, commit, vocabularyFile)].some(existsSync);
  // Of files that were copied by hand nobody knows the commit.
  if (known || offlineVariable() !== undefined || !commitPattern.test(commit)) return;
  try {
    await download(model, commit, quiet);
  } catch (error) {
    const { repository } = model;
    throw new UserError(
      `the cached copy of hf:${repository} has no ${vocabularyFile}, and the hub cannot be reached (${reasonOf(error)})`,
      {
        exitCode: 1,
        hint: `Run the command once with network access, or copy ${vocabularyFiles.join(', ')} to ${folder}`,
        cause: error,
      },
    );
  }
}

/** What the library's functions take. */
interface Access {
  readonly hubUrl: string;
  readonly accessToken?: string;
}

async function accessOf(): Promise<Access> {
  const accessToken = await hubToken();
  return { hubUrl: hubUrl(), ...(accessToken !== undefined && { accessToken }) };
}

/** @param known the commit that the cache has a part of: a newer one is not asked for then */
async function download(model: HubModel, known: string | undefined, quiet: boolean): Promise<string> {
  const { repository, revision } = model;
  const access = await accessOf();
  const commit = known ?? (await commitOf(model, access));
  const entries: ListFileEntry[] = [];
  for await (const entry of listFiles({ repo: repository, revision: commit, ...access })) entries.push(entry);
  const wanted = wantedFiles(entries, repository);
  const total = wanted.reduce((sum, { size }) => sum + size, 0);
  const inMegabytes = (bytes: number): number => Math.ceil(bytes / megabyte);
  const progress = createProgress(`download ${repository}, MB`, inMegabytes(total), { quiet });
  try {
    let before = 0;
    for (const entry of wanted) {
      await bring(model, commit, entry, access, (bytes) =>
        progress.update(inMegabytes(before + bytes), entry.path),
      );
      before += entry.size;
    }
  } finally {
    progress.stop();
  }
  const names = new Set(entries.map(({ path }) => path));
  for (const name of [preprocessorFile, processorFile, vocabularyFile].filter((each) => !names.has(each)))
    await writeFileAtomic(absenceFile(model, commit, name), '');
  if (revision !== commit) await writeFileAtomic(refFile(model), commit);
  return snapshotFolder(model, commit);
}

async function commitOf({ repository, revision }: HubModel, access: Access): Promise<string> {
  const { sha } = await modelInfo({ name: repository, revision, additionalFields: ['sha'], ...access });
  if (commitPattern.test(sha)) return sha;
  throw new UserError(`the hub returned no commit of hf:${repository}`);
}

const commitPattern = /^[0-9a-f]{40}$/;

/** The configuration and one set of weights: safetensors before shards before torch's. */
function wantedFiles(entries: readonly ListFileEntry[], repository: string): ListFileEntry[] {
  const files = new Map(entries.filter(({ type }) => type === 'file').map((entry) => [entry.path, entry]));
  const shards = (pattern: RegExp): string[] => [...files.keys()].filter((path) => pattern.test(path));
  const sets = [
    [singleFile],
    [indexFile, ...shards(/^model-\d+-of-\d+\.safetensors$/)],
    [torchFile],
    [torchIndexFile, ...shards(/^pytorch_model-\d+-of-\d+\.bin$/)],
  ];
  const weights = sets.find(([first = '']) => files.has(first)) ?? [torchFile];
  const settings = [configFile, preprocessorFile, processorFile, ...vocabularyFiles];
  const wanted = [...settings, ...weights].flatMap((path) => files.get(path) ?? []);
  const lacks = [configFile, ...weights].filter((path) => !files.has(path));
  if (lacks.length > 0) {
    throw new UserError(`hf:${repository} has no ${lacks.join(' and no ')}`, {
      hint: `A model needs ${configFile} and ${singleFile} (or ${indexFile}, or ${torchFile})`,
    });
  }
  return wanted;
}

/** Makes a file of the snapshot: a link to the blob of its contents, downloaded where it is not there. */
async function bring(
  model: HubModel,
  commit: string,
  entry: ListFileEntry,
  access: Access,
  onBytes: (bytes: number) => void,
): Promise<void> {
  const digest = entry.lfs?.oid ?? entry.oid ?? '';
  if (!/^[0-9a-f]{40,64}$/.test(digest)) throw new UserError(`the hub returned no checksum of ${entry.path}`);
  const blob = join(modelFolder(model), 'blobs', digest);
  if ((await sizeOf(blob)) !== entry.size)
    await fill(model, commit, entry, { digest, blob, access, onBytes });
  const link = join(snapshotFolder(model, commit), entry.path);
  await mkdir(dirname(link), { recursive: true });
  // Made beside it and renamed: another process may be doing the same, or reading.
  const fresh = `${link}.${process.pid}-${randomUUID().slice(0, 8)}.tmp`;
  // Where links are not allowed, a copy serves.
  await symlink(relative(dirname(link), blob), fresh).catch(() => copyFile(blob, fresh));
  await rename(fresh, link);
}

/** Downloads what a file still lacks, and checks the whole. */
async function fill(
  model: HubModel,
  commit: string,
  entry: ListFileEntry,
  {
    digest,
    blob,
    access,
    onBytes,
  }: {
    readonly digest: string;
    readonly blob: string;
    readonly access: Access;
    readonly onBytes: (bytes: number) => void;
  },
): Promise<void> {
  const wrong = await bringFile({
    file: blob,
    // The hub's own tools have a lock of another kind for `.incomplete`.
    part: `${blob}.ehmam.incomplete`,
    bytes: entry.size,
    onBytes,
    open: async (offset) => {
      const content = await downloadFile({
        repo: model.repository,
        path: entry.path,
        revision: commit,
        ...access,
      });
      if (content === null) throw new UserError(`the hub does not serve ${entry.path}`);
      const rest = offset === 0 ? content : content.slice(offset, entry.size);
      return { content: Readable.fromWeb(rest.stream() as ReadableStream<Uint8Array>), offset };
    },
    fault: async (file) =>
      (await digestOf(file, digest.length, entry.size)) === digest ? undefined : 'its checksum differs',
  });
  if (wrong === undefined) return;
  throw new UserError(
    `${entry.path} was damaged in the download (expected ${entry.size} bytes, checksum ${digest})`,
    { exitCode: 1, hint: 'Try again' },
  );
}

/** The digest that the hub names a file by: SHA-256 of large ones, git's of small ones. */
async function digestOf(file: string, length: number, size: number): Promise<string> {
  const hash = length === 64 ? createHash('sha256') : createHash('sha1').update(`blob ${size}\0`);
  for await (const chunk of createReadStream(file)) hash.update(chunk as Uint8Array);
  return hash.digest('hex');
}

function explained(model: HubModel, lacking: string | undefined, error: unknown): unknown {
  if (error instanceof UserError) return error;
  const { repository, revision } = model;
  if (error instanceof HubApiError) {
    const { statusCode } = error;
    if (statusCode === 401 || statusCode === 403 || statusCode === 404) {
      return new UserError(
        `the hub has no model ${repository} at revision '${revision}', or you have no access`,
        {
          hint: 'Check owner, name and revision; for a private or gated model log in (hf auth login) or set HF_TOKEN',
          cause: error,
        },
      );
    }
    return unreachable(model, lacking, `the hub answered with status ${statusCode}`, error);
  }
  // A full disk is no fault of the network.
  const code = systemCode(error);
  if (code !== undefined && ['ENOSPC', 'EACCES', 'EROFS', 'EDQUOT', 'ENOTDIR'].includes(code)) {
    return new UserError(`the cache cannot be written (${messageOf(error)})`, {
      exitCode: 1,
      file: modelFolder(model),
      hint: 'Set HF_HUB_CACHE to a folder that you may write to',
      cause: error,
    });
  }
  return unreachable(model, lacking, reasonOf(error), error);
}

/** The innermost message: `fetch failed` alone says nothing. */
function reasonOf(error: unknown): string {
  const inner = error instanceof Error ? error.cause : undefined;
  return inner === undefined ? messageOf(error) : reasonOf(inner);
}

/** @param lacking the snapshot that is there but for the settings of the preprocessor */
function unreachable(
  model: HubModel,
  lacking: string | undefined,
  reason: string,
  cause?: unknown,
): UserError {
  const { repository, revision } = model;
  if (lacking !== undefined) {
    const what = `the cached copy of hf:${repository} has no ${preprocessorFile} or ${processorFile}, which ehmam needs to know whether to normalize the audio, and the hub cannot be reached (${reason})`;
    return new UserError(what, {
      exitCode: 1,
      hint: `Run the command once with network access, or copy that file to ${lacking}`,
      ...(cause !== undefined && { cause }),
    });
  }
  const place = snapshotFolder(model, revision);
  return new UserError(`hf:${repository} is not in the cache, and the hub cannot be reached (${reason})`, {
    exitCode: 1,
    hint: `Run the same command again to resume; without a network, copy ${configFile}, ${preprocessorFile} and ${singleFile} of the model to ${place}`,
    ...(cause !== undefined && { cause }),
  });
}

/** @file From a corpus on disk to manifests: found, measured, written. */
import { createHash } from 'node:crypto';
import { join, relative, resolve } from 'node:path';
import { withContainer } from '../../audio/member.js';
import { UserError } from '../../base/errors.js';
import { refuseUnfinished } from '../archives/unpack.js';
import { normalForm } from '../look-alikes.js';
import { type ManifestRow, writeManifest } from '../manifest.js';
import { unpackCorpus } from './archives.js';
import type { Corpus, CorpusOptions, CorpusRow, FoundCorpus } from './corpus.js';
import type { DurationAnswer } from './durations.js';
import { measured } from './measure.js';
import { type PreparedPairs, writePairFiles } from './pair-files.js';

export interface PrepareRequest extends CorpusOptions {
  readonly root: string;
  /** Archives to unpack into `root` first. */
  readonly from?: readonly string[] | undefined;
  /** Takes archives whose size or digest is not the published one. */
  readonly unchecked?: boolean | undefined;
  /** Gets a CSV file a manifest; the paths in it are relative to it. */
  readonly out: string;
  /** Leaves headers unread: no durations, and damaged files go unnoticed. */
  readonly fast?: boolean | undefined;
  readonly quiet?: boolean | undefined;
}

export interface PreparedManifest {
  readonly name: string;
  readonly file: string;
  /** Number of utterances by split. */
  readonly splits: Readonly<Record<string, number>>;
  /** Undefined where headers were not read. */
  readonly hours: number | undefined;
}

export interface PreparedCorpus {
  readonly corpus: string;
  readonly manifests: readonly PreparedManifest[];
  /** Of a corpus for tasks that judge pairs. */
  readonly pairs?: readonly PreparedPairs[];
  /** What is missing, damaged (and left out) or differs from the publisher's counts. */
  readonly remarks: readonly string[];
}

/**
 * Writes the manifests of a corpus.
 * @throws UserError when the folder does not hold it or any of its audio, holds a part of an archive only, or `out`
 *   cannot be written; as `unpackCorpus` for archives
 */
export async function prepareCorpus(corpus: Corpus, request: PrepareRequest): Promise<PreparedCorpus> {
  await unpackCorpus(corpus, request);
  await refuseUnfinished(request.root);
  const found = await corpus.find(resolve(request.root), request);
  return writeManifests(corpus.name, found, { ...request, place: request.root });
}

/** What decides how manifests are written. */
export interface WriteOptions extends Pick<PrepareRequest, 'out' | 'fast' | 'quiet'> {
  /** The folder or file that the rows were found in, for messages. */
  readonly place: string;
}

/**
 * Measures what was found and writes its manifests.
 * @throws UserError when no utterance is left, or `out` cannot be written
 */
export async function writeManifests(
  corpus: string,
  found: FoundCorpus,
  { out, fast = false, quiet = false, place }: WriteOptions,
): Promise<PreparedCorpus> {
  const remarks = [...found.remarks];
  const manifests: PreparedManifest[] = [];
  const ids = new Set<string>();
  // Manifests may share files: dev of several training sets.
  const durations = new Map<string, DurationAnswer>();
  for (const [name, listed] of Object.entries(found.manifests)) {
    const all = withOwnIds(listed, resolve(place), remarks);
    const rows = fast ? all : await measured(all, quiet, remarks, durations);
    if (rows.length === 0) {
      throw new UserError(`no usable utterance for ${name}. ${remarks[0] ?? 'Nothing was found'}`, {
        file: place,
        hint: 'Unpack the audio into the same folder too',
      });
    }
    for (const { id } of rows) ids.add(id);
    const file = join(out, `${name}.csv`);
    await writeManifest(
      file,
      rows.map((row) => manifestRow(row, resolve(out))),
    );
    const splits: Record<string, number> = {};
    for (const { split } of rows) splits[split] = (splits[split] ?? 0) + 1;
    const seconds = rows.reduce((sum, { duration = 0 }) => sum + duration, 0);
    manifests.push({ name, file, splits, hours: fast ? undefined : seconds / 3600 });
  }
  // What is wrong with a file is said once, however many manifests have it.
  const unique = (): string[] => [...new Set(remarks)];
  if (found.pairs === undefined) return { corpus, manifests, remarks: unique() };
  const pairs = await writePairFiles(found.pairs, out, ids, remarks);
  return { corpus, manifests, pairs, remarks: unique() };
}

/**
 * Rows whose ids are unique: where files of other folders or formats share one, a digest of its path tells each apart,
 * whatever else there is.
 */
function withOwnIds(rows: readonly CorpusRow[], root: string, remarks: string[]): readonly CorpusRow[] {
  const counts = new Map<string, number>();
  for (const { id } of rows) counts.set(normalForm(id), (counts.get(normalForm(id)) ?? 0) + 1);
  const shared = rows.filter(({ id }) => (counts.get(normalForm(id)) ?? 0) > 1);
  const [first] = shared;
  if (first === undefined) return rows;
  remarks.push(
    `${shared.length} utterances have duplicate ids (for example '${first.id}'): a hash of the path was appended to each`,
  );
  const marked = new Set(shared);
  const given = new Map<string, number>();
  return rows.map((row) => {
    if (!marked.has(row)) return row;
    const place = [relative(root, row.file), row.start ?? ''].join(':');
    const digest = createHash('sha256').update(place).digest('hex').slice(0, 8);
    const id = `${row.id}-${digest}`;
    const before = given.get(id) ?? 0;
    given.set(id, before + 1);
    return { ...row, id: before === 0 ? id : `${id}-${before + 1}` };
  });
}

function manifestRow(
  { id, file, split, start, duration, channel, columns }: CorpusRow,
  out: string,
): ManifestRow {
  const path = withContainer(file, (each) => relative(out, each).replaceAll('\\', '/'));
  return { ...columns, id, path, split, start, duration, channel };
}

/** @file Manifests as the rest of the harness meets them: loaded, checked as a whole, hashed. */
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { containerOf, memberOf } from '../audio/member.js';
import { together, UserError } from '../base/errors.js';
import { nearPath } from './near-path.js';
import { absentFiles, sizesOf } from './presence.js';
import { emptyColumnOf, type ManifestOptions, type RowProblem, readBlocks, type Utterance } from './rows.js';

export {
  emptyColumnOf,
  type ManifestOptions,
  type ManifestRow,
  readManifest,
  type Utterance,
  writeManifest,
} from './rows.js';

export interface LoadOptions extends ManifestOptions {
  /** The splits wanted, none of which may be empty (default: all rows). */
  readonly splits?: readonly string[];
  /** Splits that are wanted as well, and may be empty. */
  readonly optionalSplits?: readonly string[] | undefined;
  /** Whether utterances keep their `columns` (default). Without them, millions of rows need little memory. */
  readonly keepColumns?: boolean;
  /** The share of audio files that may be missing (default: none). */
  readonly mostMissing?: number;
}

/**
 * Reads the utterances of the splits asked for, in the manifest's order.
 * @throws UserError as `readManifest`, and for a duplicate id (in any split), a split without rows, an empty cell of
 *   `options.columns` that its split needs or a missing audio file (in the splits asked for)
 */
export async function loadUtterances(file: string, options: LoadOptions = {}): Promise<Utterance[]> {
  const kept = await load(file, options);
  const uses = usesOf(kept);
  await refuseAbsent(uses, await absentFiles([...uses.keys()]), options.mostMissing);
  return kept;
}

/**
 * SHA-256 over the rows (every cell), the size of each one's audio file and a sample from its middle, in hexadecimal.
 * It does not depend on quoting, line ends, the order of the columns, or where the files lie; it does on the order of
 * the rows. The sample tells apart what was rendered or recorded anew at an equal length; reading it all would take
 * longer than the work that the hash may save.
 */
export async function hashManifest(file: string, root?: string, mostMissing = 0): Promise<string> {
  return (await manifestHashes(file, root, mostMissing)).rows;
}

/** What tells a manifest apart: all of it, and the audio that it names. */
export interface ManifestHashes {
  /** As `hashManifest`. */
  readonly rows: string;
  /** The same over id, split, place in the file and audio alone: equal for tasks over the same audio. */
  readonly audio: string;
  /** How long the audio is: from the column duration, else as if the files were 16-bit PCM at 16 kHz. */
  readonly seconds: number;
  /** Of the crops and gains that a plan put in the place of utterances: the other hashes know of them. */
  readonly crops?: string;
  /** Of the rows before those changes. */
  readonly unchanged?: string;
  /** Of the file of pairs that a task judges: `rows` knows of it, `audio` does not. */
  readonly pairs?: string;
}

/** Hashes a manifest and the audio it names in one go. */
export async function manifestHashes(file: string, root?: string, mostMissing = 0): Promise<ManifestHashes> {
  const kept = await load(file, { root });
  const sizes = await audioSizes(kept, mostMissing);
  const samples = await samplesOf(sizes);
  const [rows, audio] = [createHash('sha256'), createHash('sha256')];
  let seconds = 0;
  for (const utterance of kept) {
    const { columns, path, durationSeconds } = utterance;
    const cells = Object.entries(columns).sort(([a], [b]) => (a < b ? -1 : 1));
    rows.update(`${JSON.stringify([cells, sizes.get(path), samples.get(path)])}\n`);
    audio.update(`${audioText(utterance, sizes, samples)}\n`);
    seconds += durationSeconds ?? (sizes.get(path) ?? 0) / 32_000;
  }
  return { rows: rows.digest('hex'), audio: audio.digest('hex'), seconds };
}

/** What tells the audio of each utterance apart from any other, in hexadecimal: as `ManifestHashes.audio` does of all. */
export async function audioKeys(utterances: readonly Utterance[]): Promise<string[]> {
  const sizes = await audioSizes(utterances, 1);
  const samples = await samplesOf(sizes);
  return utterances.map((utterance) =>
    createHash('sha256')
      .update(audioText(utterance, sizes, samples))
      .digest('hex'),
  );
}

/**
 * SHA-256 over what is heard of utterances, in their order: of each its place in its file, that file's size and a sample from
 * its middle. Ids, splits, other columns and where the files lie do not count.
 */
export async function audioDigest(utterances: readonly Utterance[]): Promise<string> {
  const sizes = await audioSizes(utterances);
  const samples = await samplesOf(sizes);
  const hash = createHash('sha256');
  for (const { path, startSeconds, durationSeconds, channel } of utterances) {
    const heard = [startSeconds, durationSeconds, channel, sizes.get(path), samples.get(path)];
    hash.update(`${JSON.stringify(heard)}\n`);
  }
  return hash.digest('hex');
}

type ByPath<Value> = ReadonlyMap<string, Value>;

function audioText(utterance: Utterance, sizes: ByPath<number>, samples: ByPath<string>): string {
  const { id, path, split, startSeconds, durationSeconds, channel } = utterance;
  const file = [sizes.get(path), samples.get(path)];
  return JSON.stringify([id, split, startSeconds, durationSeconds, channel, ...file]);
}

async function samplesOf(sizes: ByPath<number>): Promise<ByPath<string>> {
  const samples = new Map<string, string>();
  const files = [...sizes];
  for (let i = 0; i < files.length; i += filesAtOnce)
    await Promise.all(
      files.slice(i, i + filesAtOnce).map(async ([path, size]) => {
        samples.set(path, await middleOf(path, size));
      }),
    );
  return samples;
}

/** A disk behind a network answers many questions as fast as one. */
const filesAtOnce = 32;

const sampleBytes = 4096;

/**
 * A few bytes from the middle of a file, in hexadecimal; of what lies packed inside one, the checksum that is looked at
 * when it is read.
 */
async function middleOf(path: string, size: number): Promise<string> {
  const member = memberOf(path);
  if (member?.crc32 !== undefined) return member.crc32;
  const handle = await open(member?.container ?? path);
  try {
    const start = member?.kind === 'tar' ? member.place : 0;
    const position = start + Math.max(0, Math.floor((size - sampleBytes) / 2));
    const length = Math.min(size, sampleBytes);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, position);
    return buffer.toString('hex', 0, bytesRead);
  } finally {
    await handle.close();
  }
}

async function load(file: string, options: LoadOptions): Promise<Utterance[]> {
  const wanted = options.splits && new Set([...options.splits, ...(options.optionalSplits ?? [])]);
  const ids = new Set<string>();
  const counts = new Map<string, number>();
  const kept: Utterance[] = [];
  const problems: RowProblem[] = [];
  const repeated: Utterance[] = [];
  const keepColumns = options.keepColumns !== false || (options.columns ?? []).length > 0;
  for await (const block of readBlocks(file, { ...options, keepColumns, problems })) {
    for (const utterance of block) {
      const { id, split, line } = utterance;
      if (ids.size === ids.add(id).size) repeated.push(utterance);
      counts.set(split, (counts.get(split) ?? 0) + 1);
      if (wanted && !wanted.has(split)) continue;
      const empty = emptyColumnOf(utterance, options.columns ?? []);
      if (empty !== undefined) {
        const error = new UserError(`column '${empty}' is empty`, { file, line, hint: 'Fill the cell in' });
        problems.push({ line, error });
        continue;
      }
      kept.push(keepColumns && options.keepColumns === false ? { ...utterance, columns: {} } : utterance);
    }
  }
  if (repeated.length > 0) problems.push(...(await duplicateProblems(file, repeated)));
  if (problems.length > 0) throw together(problems.sort((a, b) => a.line - b.line).map(({ error }) => error));
  const absent = options.splits?.find((split) => !counts.has(split));
  if (absent !== undefined || kept.length === 0) {
    throw new UserError(absent === undefined ? 'no utterances' : `no utterances in split '${absent}'`, {
      file,
      hint: absent === undefined ? 'The manifest has a header, but no rows' : hintOfSplit(absent, counts),
    });
  }
  return kept;
}

/** Other names of the three splits. */
const otherNames: Readonly<Record<string, RegExp>> = {
  train: /^(tr|trn|training|train[-_.].*)$/i,
  dev: /^(val|valid|validate|validation|devel|development|dev[-_.].*|cv)$/i,
  test: /^(tst|testing|eval|evaluation|test[-_.].*)$/i,
};

/** What to do about a split without rows, where these splits have some. */
export function hintOfSplit(split: string, counts: ReadonlyMap<string, number>): string {
  if (counts.size === 0) return 'The manifest has a header, but no rows';
  const found = [...counts].map(([name, count]) => `${name} (${count})`).join(', ');
  const meant = [...counts.keys()].find(
    (name) => name.toLowerCase() === split || otherNames[split]?.test(name),
  );
  const rename = meant === undefined ? '' : `. Did you mean '${meant}'? Rename it to '${split}'`;
  return `Its splits: ${found}${rename}`;
}

/** Rows with the id of an earlier one. First lines are looked for where they are wanted, so that a million need not be remembered. */
async function duplicateProblems(file: string, repeated: readonly Utterance[]): Promise<RowProblem[]> {
  const lines = new Map<string, number | undefined>(repeated.map(({ id }) => [id, undefined]));
  for await (const block of readBlocks(file, { problems: [] }))
    for (const { id, line } of block) if (lines.has(id)) lines.set(id, lines.get(id) ?? line);
  return repeated.map(({ id, line }) => {
    const hint = 'Every utterance needs a unique id';
    const error = new UserError(`duplicate id '${id}' (first used on line ${lines.get(id)})`, {
      ...{ file, line, hint },
    });
    return { line, error };
  });
}

/** The first use of every audio file. */
function usesOf(utterances: readonly Utterance[]): ReadonlyMap<string, Utterance> {
  const uses = new Map<string, Utterance>();
  for (const utterance of utterances) if (!uses.has(utterance.path)) uses.set(utterance.path, utterance);
  return uses;
}

/** Sizes of the audio files by path; a UserError for the first one that is not there where too many are not. */
async function audioSizes(
  utterances: readonly Utterance[],
  mostMissing = 0,
): Promise<ReadonlyMap<string, number>> {
  const uses = usesOf(utterances);
  const sizes = await sizesOf([...uses.keys()]);
  await refuseAbsent(
    uses,
    [...uses.keys()].filter((path) => !sizes.has(path)),
    mostMissing,
  );
  return sizes;
}

async function refuseAbsent(
  uses: ReadonlyMap<string, Utterance>,
  absent: readonly string[],
  mostMissing = 0,
): Promise<void> {
  const [path] = absent;
  const first = path === undefined ? undefined : uses.get(path);
  if (first === undefined || absent.length <= mostMissing * uses.size) return;
  const more = absent.length > 1 ? ` (and ${absent.length - 1} more of ${uses.size})` : '';
  const written = first.columns.path ?? first.path;
  const where = written === first.path ? '' : ` at ${first.path}`;
  throw new UserError(`audio file '${written}' not found${where}${more}`, {
    file: first.manifest,
    line: first.line,
    hint:
      (await nearPath(containerOf(written), containerOf(first.path))) ??
      'If the audio is in another folder, pass it with --root',
  });
}

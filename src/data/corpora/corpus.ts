/** @file What a corpus is: how its publisher lays it out on disk, and the manifest rows that come of it. */
import { existsSync } from 'node:fs';
import { extname, join } from 'node:path';
import { UserError } from '../../base/errors.js';
import { readText } from '../../base/text.js';
import type { DurationAnswer } from './durations.js';
import type { CorpusPairs } from './pair-files.js';

/** A row of a manifest to be, its audio by absolute path. */
export interface CorpusRow {
  readonly id: string;
  readonly file: string;
  readonly split: string;
  /** Seconds; only where a row is a part of its file. */
  readonly start?: number | undefined;
  readonly duration?: number | undefined;
  /** Counted from 1; only where a row is one of its file's channels. */
  readonly channel?: number | undefined;
  /** Seconds that the whole file has, as the corpus says. */
  readonly stated?: number | undefined;
  /** What is known of the file already: it is not read again. */
  readonly known?: DurationAnswer | undefined;
  /** Where it was read, for remarks: FILE:LINE. */
  readonly place?: string | undefined;
  /** Other columns: speaker, text, label, a task's own. */
  readonly columns: Readonly<Record<string, string>>;
}

export interface CorpusOptions {
  /** The parts wanted (default: all that are there). */
  readonly subsets?: readonly string[] | undefined;
  /** `librispeech`: pronunciation lexicons, the first of a word's entries counts. */
  readonly lexicon?: readonly string[] | undefined;
  /** `librispeech`: the folder of Libri-light's limited sets, each of which becomes a manifest. */
  readonly limited?: string | undefined;
  /** `librispeech` with `limited`: which ten minutes, 0 to 5 or `all` (default: 0). */
  readonly fold?: string | undefined;
  /** `voxceleb1-verification`: the list of test trials (default: the one that lies in the folder). */
  readonly trials?: string | undefined;
  /** `voxceleb1-verification`: trials of speakers that train then lacks; `none` (default: drawn). */
  readonly devTrials?: string | undefined;
  /** `folder`: the label is the name of the folder a file lies in. */
  readonly labelFromParent?: boolean | undefined;
  /** `folder`: no speaker is in two splits. */
  readonly splitBySpeaker?: boolean | undefined;
  /** `folder`: CSV with the column `path` and others: text, speaker, label, split. */
  readonly texts?: string | undefined;
}

/** What was found on disk. */
export interface FoundCorpus {
  /** Rows by the name of their manifest. */
  readonly manifests: Readonly<Record<string, readonly CorpusRow[]>>;
  /** Files of pairs by their names, for tasks that judge pairs. */
  readonly pairs?: Readonly<Record<string, CorpusPairs>>;
  /** What is missing or differs from the publisher's counts, one line each. */
  readonly remarks: readonly string[];
}

export interface Corpus {
  readonly name: string;
  readonly summary: string;
  /** The options beside the folder that it understands. */
  readonly understands: readonly (keyof CorpusOptions)[];
  /** Its archives have no folder of their own: each is unpacked into one of its name. */
  readonly archivesAreFlat?: boolean;
  /** @throws UserError when the folder does not hold the corpus */
  find(root: string, options: CorpusOptions): Promise<FoundCorpus>;
}

const audioExtensions = new Set(['.wav', '.flac', '.mp3', '.ogg', '.oga', '.opus', '.sph']);

export const isAudioName = (name: string): boolean => audioExtensions.has(extname(name).toLowerCase());

/** The first of these paths below the root that is there. */
export function firstThere(root: string, paths: readonly string[]): string | undefined {
  return paths.map((path) => join(root, path)).find((path) => existsSync(path));
}

/** The error of a corpus that is not there: what was looked for, and what was remarked on meanwhile. */
export function notThere(
  root: string,
  what: string,
  looked: readonly string[],
  remarks: readonly string[] = [],
): UserError {
  const also = remarks.map((remark) => `; ${remark}`).join('');
  return new UserError(`does not contain ${what}: looked for ${looked.join(', ')}${also}`, {
    file: root,
    hint: 'Pass the folder that the archives were unpacked into with --root',
  });
}

/** Lines of a text file without their ends; empty ones are left out. */
export async function linesOf(file: string): Promise<string[]> {
  const text = await readText(file);
  return text.split(/\r?\n/).filter((line) => line.trim() !== '');
}

/** `name: 3 of 5 utterances` where a known count is not met. */
export function countRemark(name: string, found: number, known: number | undefined): string[] {
  return known === undefined || found === known
    ? []
    : [`${name}: ${found} utterances, expected ${known} (as published)`];
}

/** `3 of the files that LIST names are missing, the first is X` */
export function missingRemark(what: string, missing: readonly string[]): string[] {
  const [first] = missing;
  if (first === undefined) return [];
  return [
    `${what}: ${missing.length} ${missing.length === 1 ? 'file is' : 'files are'} missing, the first is ${first}`,
  ];
}

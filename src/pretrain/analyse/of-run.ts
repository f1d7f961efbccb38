/** @file The analysis of a pre-training's folder or file over a manifest, and its files. */
import { join } from 'node:path';
import { writeFileAtomic } from '../../base/files.js';
import { loadUtterances } from '../../data/manifest.js';
import type { Engine } from '../../engine/engine.js';
import { drawingsName, writeDrawings } from '../../formats/drawings.js';
import { type Analysis, analyse } from './analyse.js';
import { drawUtterance } from './picture.js';
import { encoderHashOf, readPretrained } from './pretrained.js';

export interface RunAnalysisRequest {
  /** A run's folder, or a file of the official trainer. */
  readonly checkpoint: string;
  readonly manifest: string;
  readonly root?: string | undefined;
  readonly split?: string | undefined;
  /** How many of its utterances (default: all). */
  readonly limit?: number | undefined;
  /** The one that is drawn (default: the first that is long enough). */
  readonly utterance?: string | undefined;
  /** Folder for the files; without it none is written. */
  readonly out?: string | undefined;
  readonly seed: number;
  readonly quiet: boolean;
}

/** What `analysis.json` holds. */
export interface AnalysisReport extends Analysis {
  /** The files of the pre-training. */
  readonly checkpoint: readonly string[];
  /** Tells the encoder from others of its name. */
  readonly encoderHash: string;
  readonly manifest: string;
  readonly split: string | undefined;
  readonly seed: number;
  /** The utterance that is drawn. */
  readonly utterance: string;
}

/** Where an analysis keeps its numbers and its picture. */
export const analysisFiles = (out: string): { readonly json: string; readonly picture: string } => ({
  json: join(out, 'analysis.json'),
  picture: join(out, 'utterance.svg'),
});

/** Utterances that the page may choose from: about 60 kB each. */
const mostDrawn = 500;

/**
 * Analyses a pre-training over a manifest; writes `analysis.json`, `drawings.jsonl` and `utterance.svg` where a folder is given.
 * @param engineOf gives the engine, once all that is read of files is there
 * @throws UserError for anything that cannot be read, before a file is written
 */
export async function analyseRun(
  request: RunAnalysisRequest,
  engineOf: () => Promise<Engine>,
): Promise<AnalysisReport> {
  const { manifest, root, split, limit, utterance, out, seed, quiet } = request;
  const pretrained = await readPretrained(request.checkpoint);
  const utterances = await loadUtterances(manifest, {
    root,
    ...(split !== undefined && { splits: [split] }),
  });
  const { analysis, shown, drawings } = await analyse(
    await engineOf(),
    pretrained,
    utterances.slice(0, limit),
    {
      seed,
      quiet,
      shown: utterance,
      mostDrawn: out === undefined ? 0 : mostDrawn,
    },
  );
  const origin = { checkpoint: pretrained.files, encoderHash: encoderHashOf(pretrained) };
  const report = { ...origin, manifest, split, seed, utterance: shown.id, ...analysis };
  if (out === undefined) return report;
  const { json, picture } = analysisFiles(out);
  await writeFileAtomic(picture, drawUtterance(shown));
  await writeDrawings(join(out, drawingsName), drawings);
  await writeFileAtomic(json, `${JSON.stringify(report, null, 2)}\n`);
  return report;
}

/** @file An analysis from what the command line says, and its files. */

import { join } from 'node:path';
import { UserError } from '../../base/errors.js';
import { writeFileAtomic } from '../../base/files.js';
import { loadUtterances } from '../../data/manifest.js';
import type { EngineChoice } from '../../engine/choice.js';
import { drawingsName, writeDrawings } from '../../formats/drawings.js';
import { type Analysis, analyse } from '../../pretrain/analyse/analyse.js';
import { drawUtterance } from '../../pretrain/analyse/picture.js';
import { encoderHashOf, readPretrained } from '../../pretrain/analyse/pretrained.js';
import { summarize } from '../../pretrain/analyse/summary.js';
import { chosenEngine } from '../engine.js';

export interface AnalysisRequest {
  readonly checkpoint: string;
  readonly manifest: string;
  readonly root: string | undefined;
  readonly split: string | undefined;
  readonly limit: number | undefined;
  readonly utterance: string | undefined;
  readonly out: string | undefined;
  readonly seed: number;
  readonly engine: EngineChoice;
  readonly remark?: (text: string) => void;
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

/** Utterances that the page may choose from: about 60 kB each. */
const mostDrawn = 500;

/**
 * Analyses a pre-training over a manifest; writes `analysis.json`, `drawings.jsonl` and `utterance.svg` where a folder is given.
 * @throws UserError for anything that cannot be read, before a file is written
 */
export async function analyseManifest(
  request: AnalysisRequest,
): Promise<{ readonly report: AnalysisReport; readonly text: string }> {
  const { manifest, root, split, limit, utterance, out, seed, quiet } = request;
  if (limit !== undefined && !(Number.isInteger(limit) && limit > 0))
    throw new UserError(`--limit ${limit}: expected a whole number, 1 or more`);
  const pretrained = await readPretrained(request.checkpoint);
  const utterances = await loadUtterances(manifest, {
    root,
    ...(split !== undefined && { splits: [split] }),
  });
  const engine = await chosenEngine(request.engine, request.remark);
  const { analysis, shown, drawings } = await analyse(engine, pretrained, utterances.slice(0, limit), {
    seed,
    quiet,
    shown: utterance,
    mostDrawn: out === undefined ? 0 : mostDrawn,
  });
  const origin = { checkpoint: pretrained.files, encoderHash: encoderHashOf(pretrained) };
  const report = { ...origin, manifest, split, seed, utterance: shown.id, ...analysis };
  const text = summarize(analysis);
  if (out === undefined) return { report, text };
  const [json, picture] = [join(out, 'analysis.json'), join(out, 'utterance.svg')];
  await writeFileAtomic(json, `${JSON.stringify(report, null, 2)}\n`);
  await writeFileAtomic(picture, drawUtterance(shown));
  await writeDrawings(join(out, drawingsName), drawings);
  return { report, text: `${text}\nwritten to ${json} and ${picture}` };
}

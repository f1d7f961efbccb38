/** @file An analysis from what the command line says. */

import { UserError } from '../../base/errors.js';
import type { EngineChoice } from '../../engine/choice.js';
import {
  type AnalysisReport,
  analyseRun,
  analysisFiles,
  type RunAnalysisRequest,
} from '../../pretrain/analyse/of-run.js';
import { summarize } from '../../pretrain/analyse/summary.js';
import { chosenEngine } from '../engine.js';

export interface AnalysisRequest extends RunAnalysisRequest {
  readonly engine: EngineChoice;
  readonly remark?: (text: string) => void;
}

/**
 * Analyses a pre-training over a manifest, as `analyseRun` does.
 * @throws UserError for a limit that is none, and for anything that cannot be read, before a file is written
 */
export async function analyseManifest(
  request: AnalysisRequest,
): Promise<{ readonly report: AnalysisReport; readonly text: string }> {
  const { limit, out } = request;
  if (limit !== undefined && !(Number.isInteger(limit) && limit > 0))
    throw new UserError(`--limit ${limit}: expected a whole number, 1 or more`);
  const report = await analyseRun(request, () => chosenEngine(request.engine, request.remark));
  const text = summarize(report);
  if (out === undefined) return { report, text };
  const { json, picture } = analysisFiles(out);
  return { report, text: `${text}\nwritten to ${json} and ${picture}` };
}

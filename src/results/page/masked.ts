/** @file The masks of pre-trained encoders over some utterances, for the page. */

import { UserError } from '../../base/errors.js';
import type { Utterance } from '../../data/manifest.js';
import type { Engine } from '../../engine/engine.js';
import { compilePasses } from '../../pretrain/analyse/passes.js';
import { type Pretrained, readPretrained } from '../../pretrain/analyse/pretrained.js';
import { analyseUtterance, type UtteranceFindings } from '../../pretrain/analyse/utterance.js';
import { choice } from './figures.js';
import type { Html } from './html.js';
import { maskPicture, spectrogramPng } from './masks.js';
import type { PretrainingRun } from './pretraining.js';

const mostUtterances = 2;
/** Reading and analysing an encoder takes seconds. */
const mostEncoders = 6;
const seed = 1;

export interface DrawnMasks {
  readonly part: Html | undefined;
  readonly utterances: number;
}

/**
 * Pictures of the first utterances that are long enough, encoder by encoder.
 * @param engineOf asked only where there is something to draw
 */
export async function drawMasks(
  runs: readonly PretrainingRun[],
  utterances: readonly Utterance[],
  engineOf: () => Promise<Engine>,
  remark: (why: string) => void,
): Promise<DrawnMasks> {
  if (runs.length === 0 || utterances.length === 0) return { part: undefined, utterances: 0 };
  const engine = await engineOf();
  const parts: [label: string, pictures: readonly Html[]][] = [];
  for (const { label, folder } of runs.slice(0, mostEncoders)) {
    try {
      const pretrained = await readPretrained(folder);
      const pictures: Html[] = [];
      for (const findings of await findingsOf(engine, pretrained, utterances))
        pictures.push(maskPicture(label, findings, await spectrogramPng(engine, findings.samples)));
      if (pictures.length > 0) parts.push([label, pictures]);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      remark(`no masks of ${label}: ${error.message}`);
    }
  }
  if (parts.length === 0) return { part: undefined, utterances: 0 };
  return {
    part: choice('masked', 'Encoder', parts),
    utterances: Math.max(...parts.map(([, pictures]) => pictures.length)),
  };
}

async function findingsOf(
  engine: Engine,
  pretrained: Pretrained,
  utterances: readonly Utterance[],
): Promise<UtteranceFindings[]> {
  const passes = compilePasses(engine, pretrained);
  try {
    const found: UtteranceFindings[] = [];
    for (const [index, utterance] of utterances.entries()) {
      if (found.length === mostUtterances) break;
      const findings = await analyseUtterance(pretrained, passes, utterance, seed, index);
      if (findings !== undefined) found.push(findings);
    }
    return found;
  } finally {
    await passes.dispose();
  }
}

/** @file The masks of pre-trained encoders over some utterances, as an analysis wrote them beside the run. */
import { join } from 'node:path';
import { UserError } from '../../base/errors.js';
import { type Drawing, drawingsName, readDrawings } from '../../formats/drawings.js';
import { choice } from './figures.js';
import type { Html } from './html.js';
import { maskPicture } from './masks.js';
import type { PretrainingRun } from './runs.js';

const mostUtterances = 2;
const mostEncoders = 6;

export interface DrawnMasks {
  readonly part: Html | undefined;
  readonly utterances: number;
}

export interface MaskRequest {
  /** Ids of utterances that are drawn before all others, where the analysis has them. */
  readonly first: readonly string[];
  /** A manifest that an analysis could be made of, where one is there: for the remark that an analysis is missing. */
  readonly manifest: string | undefined;
  readonly remark: (why: string) => void;
}

/** The folder in that of a run where `ehmam analyse --out` is looked for. */
const analysisOf = (run: string): string => join(run, 'analysis');

/** Pictures of a few utterances, encoder by encoder; what is missing is told with the command that makes it. */
export async function drawMasks(
  runs: readonly PretrainingRun[],
  { first, manifest, remark }: MaskRequest,
): Promise<DrawnMasks> {
  const parts: [label: string, pictures: readonly Html[]][] = [];
  for (const { label, folder } of runs.slice(0, mostEncoders)) {
    try {
      const out = analysisOf(folder);
      const drawings = await readDrawings(join(out, drawingsName));
      if (drawings === undefined) {
        const command = `ehmam analyse ${folder} --manifest ${manifest ?? 'MANIFEST.csv'} --out ${out}`;
        const more = manifest === undefined ? ', with a manifest of speech' : '';
        remark(`no masks of ${label}: create them with '${command}'${more}`);
        continue;
      }
      const pictures = chosen(drawings, first).map((drawing) => maskPicture(label, drawing));
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

/** Those that are wanted first, then as they stand in the file. */
function chosen(drawings: readonly Drawing[], first: readonly string[]): Drawing[] {
  const byId = new Map(drawings.map((drawing) => [drawing.id, drawing]));
  const wanted = first.flatMap((id) => byId.get(id) ?? []);
  return [...new Set([...wanted, ...drawings])].slice(0, mostUtterances);
}

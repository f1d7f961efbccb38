/** @file A head's evaluation from what the command line says, written and told. */

import { join } from 'node:path';
import { userCacheFolder } from '../../base/files.js';
import type { LoadOptions } from '../../encoders/load.js';
import type { EngineChoice } from '../../engine/choice.js';
import { knownTasks } from '../../plugins/known-tasks.js';
import { type HeadEvaluation, writeEvaluation } from '../../results/evaluation-file.js';
import { percent } from '../../results/table.js';
import { type EvaluateHeadRequest, evaluateHead } from '../../suite/evaluate-head.js';
import { chosenEngine } from '../engine.js';

export interface EvaluationRequest
  extends Pick<
    EvaluateHeadRequest,
    'head' | 'fold' | 'manifest' | 'root' | 'pairs' | 'splits' | 'encoder' | 'quiet'
  > {
  readonly weights: LoadOptions['weights'];
  /** Where the evaluation is written (default: nowhere). */
  readonly out: string | undefined;
  readonly maxBadShare: number;
  readonly engine: EngineChoice;
  readonly remark?: (text: string) => void;
}

/** What was found; where it was written, as the file says it, else without the files of predictions. */
export type Evaluated = Omit<HeadEvaluation, 'format' | 'splits'> & {
  readonly splits: readonly Pick<
    HeadEvaluation['splits'][number],
    'name' | 'seen' | 'metrics' | 'skipped' | 'remarks'
  >[];
};

/** @throws UserError as `evaluateHead` and `writeEvaluation` */
export async function evaluateFromCli(request: EvaluationRequest): Promise<Evaluated> {
  const { out, weights, maxBadShare, quiet, engine: wanted, remark, ...rest } = request;
  const engine = await chosenEngine(wanted, remark);
  const evaluation = await evaluateHead({
    ...rest,
    quiet,
    engine,
    load: { weights, quiet },
    storage: { folder: join(userCacheFolder(), 'features'), mostBad: maxBadShare },
  });
  if (out !== undefined) return writeEvaluation(out, evaluation);
  return {
    ...evaluation,
    splits: evaluation.splits.map(({ lines: _lines, tensors: _tensors, ...split }) => split),
  };
}

/** As lines of text. */
export function evaluationText(evaluation: Evaluated, out: string | undefined): string {
  const { task, encoder, head, manifest, splits } = evaluation;
  const lines = splits.flatMap(({ name, seen, metrics, skipped = [], remarks = [] }) => [
    `${name}${seen ? ' (used in training of this head)' : ''}`,
    ...Object.entries(metrics).map(([metric, { value, interval, utterances }]) => {
      const isFraction = knownTasks
        .find(task.name)
        .metrics.some(({ name: known, unit }) => known === metric && unit === 'fraction');
      const written = isFraction ? (each: number) => each.toFixed(4) : percent;
      const range = interval === undefined ? '' : ` (${interval.map(written).join('–')})`;
      return `  ${metric}${isFraction ? '' : ' %'} ${written(value)}${range}, n ${utterances}`;
    }),
    ...(skipped.length === 0 ? [] : [`  ${skipped.length} skipped, for example: ${skipped[0]?.reason}`]),
    ...remarks.map((remark) => `  ${remark}`),
  ]);
  return [
    `${task.name} head on ${encoder.name} (${head.preset}, seed ${head.seed}), trained on ${head.trainedOn.path}`,
    `evaluated on ${manifest.path}, 95 % intervals in brackets`,
    ...lines,
    ...(out === undefined ? [] : [`written to ${out}`]),
  ].join('\n');
}

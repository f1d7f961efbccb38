/** @file What a pooled head that is trained says of other utterances. */
import type { Prediction, PredictionWork } from '../../api/head-kind.js';
import type { HostParameters } from '../../base/host-tensor.js';
import { meansReader } from './batches.js';
import type { PooledStored } from './model.js';
import { stackRuns } from './runs.js';
import { predictAt, scoreProgram } from './scoring.js';

/** The classes of utterances, in their order. */
export async function classified(
  work: PredictionWork,
  { slots }: PooledStored,
  parameters: HostParameters,
): Promise<readonly Prediction[]> {
  const { 'standard.mean': _mean, 'standard.scale': _scale, ...trained } = parameters;
  const score = scoreProgram(work, slots);
  try {
    const scoring = { work, slots, score, readMeans: meansReader(work.features, parameters) };
    const [scored] = await predictAt(scoring, stackRuns([trained]), work.places);
    return scored?.predictions ?? [];
  } finally {
    await score.dispose();
  }
}

/** @file What a recognition head that is trained says of other utterances. */
import type { Prediction, PredictionWork } from '../../api/head-kind.js';
import type { CtcSpec } from '../../api/head-spec.js';
import { UserError } from '../../base/errors.js';
import type { HostParameters } from '../../base/host-tensor.js';
import type { CtcStored } from './model.js';
import { transcribe } from './recognition.js';

/** Utterances at a time. */
const batchSize = 8;

/**
 * The texts of utterances, in their order, read greedily.
 * @throws UserError where the task has other tokens now than the head learnt
 */
export async function transcribed(
  work: PredictionWork,
  stored: CtcStored,
  parameters: HostParameters,
): Promise<readonly Prediction[]> {
  const spec = work.spec() as CtcSpec;
  if (spec.tokens.join('\n') !== stored.tokens.join('\n'))
    throw new UserError(`the ${work.title} has learnt other tokens than these utterances ask for`, {
      mend: `It knows ${stored.tokens.join(' ')}`,
    });
  // The standard stands among the parameters.
  return transcribe({ work, spec, form: stored, standard: undefined, batchSize }, parameters, work.places);
}

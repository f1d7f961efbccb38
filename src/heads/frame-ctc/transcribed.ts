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
 * @throws UserError where the task has other tokens for these utterances than the head learnt, and cannot read those
 */
export async function transcribed(
  work: PredictionWork,
  stored: CtcStored,
  parameters: HostParameters,
): Promise<readonly Prediction[]> {
  const asked = work.spec() as CtcSpec;
  const isSame = asked.tokens.join('\n') === stored.tokens.join('\n');
  const decode = isSame ? asked.decode : asked.decodeOf?.(stored.tokens);
  if (decode === undefined)
    throw new UserError(`these utterances need other tokens than the ${work.title} was trained on`, {
      hint: `Its tokens: ${stored.tokens.join(' ')}`,
    });
  const spec = { ...asked, tokens: stored.tokens, decode };
  // The standard stands among the parameters.
  return transcribe({ work, spec, form: stored, standard: undefined, batchSize }, parameters, work.places);
}

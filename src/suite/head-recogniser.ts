/** @file The trained head of a result of `asr`, on its frozen encoder, as a recogniser of any audio. */
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { amplified } from '../audio/index.js';
import { UserError } from '../base/errors.js';
import { floatsOf } from '../base/host-tensor.js';
import { constants } from '../engine/constants.js';
import type { Engine } from '../engine/engine.js';
import * as tf from '../engine/ops.js';
import { extractOutputs } from '../features/extract.js';
import type { OpenRecogniser } from '../finetune/transcribe/recogniser.js';
import { type CtcStored, ctcStoredSchema } from '../heads/frame-ctc/model.js';
import { headFileName, headOutputs } from '../heads/trained.js';
import { recordFileName } from '../results/record.js';
import { encoderOf } from './evaluate-head.js';
import { headOf } from './head-of-result.js';

/** Whether a path is that of a result's folder, or of the head in it. */
export function isResultOfHead(path: string): boolean {
  return basename(path) === headFileName || existsSync(join(path, recordFileName));
}

/** The token between words in `asr`. */
const boundary = '|';

/**
 * Opens the head of a result.
 * @throws UserError for a result of another task, and as `headOf`
 */
export async function openHead(
  engine: Engine,
  path: string,
  { encoder: spec, quiet }: { readonly encoder?: string | undefined; readonly quiet: boolean },
): Promise<OpenRecogniser> {
  const { head, record, file } = await headOf(path, undefined);
  const stored = ctcStoredSchema.safeParse(head.stored);
  if (record.task.name !== 'asr' || !stored.success || head.withoutSilence) {
    throw new UserError(`is a head of '${record.task.name}': it writes no texts of any audio`, {
      file,
      hint: "Use a result of the task asr, or a folder that 'ehmam finetune' wrote",
    });
  }
  const encoder = await encoderOf({ encoder: spec, load: { quiet } }, record, head);
  const extract = extractOutputs(engine, encoder, 'what is said', (states) => {
    const { logits } = headOutputs(head, constants(head.parameters), states);
    return { emissions: tf.logSoftmax(logits as tf.Tensor, -1) };
  });
  return {
    ...{ name: record.encoder.name, alphabet: alphabetOf(stored.data) },
    ...{ hopSamples: encoder.hopSamples * stored.data.join, minimumSamples: encoder.minimumSamples },
    emissions: async (samples) => floatsOf((await extract(amplified(samples, head.gainDecibels))).emissions),
    close: () => extract.dispose(),
  };
}

/** Those of more than one character (`<unk>`) stand for no text. */
function alphabetOf({ tokens, blank }: CtcStored): OpenRecogniser['alphabet'] {
  const special = tokens.flatMap((token, i) => (i === blank || [...token].length > 1 ? [i] : []));
  return { tokens, blank, boundary, special, lowerCase: false };
}

/** @file A fine-tuning from what the command line says. */

import { UserError } from '../../base/errors.js';
import { loadEncoder } from '../../encoders/load.js';
import type { OfficialWeights } from '../../encoders/official/weights.js';
import type { EngineChoice } from '../../engine/choice.js';
import { type DecodingLm, decodingLmSchema, usualWeights } from '../../finetune/decoding/settings.js';
import { type FinetuneWish, planFinetuning } from '../../finetune/plan.js';
import { type FinetuneResult, finetune } from '../../finetune/train.js';
import type { FinetuneOptions } from '../../finetune/work.js';
import { loadPlugins } from '../../plugins/load.js';
import { remarksOn } from '../encoder-options.js';
import { chosenEngine } from '../engine.js';

export interface FinetuneRequest
  extends FinetuneWish,
    Pick<
      FinetuneOptions,
      'manifest' | 'dev' | 'root' | 'out' | 'keepOutput' | 'checkpointSeconds' | 'tensorboard'
    > {
  readonly spec: string;
  readonly weights: OfficialWeights | undefined;
  readonly resume: boolean;
  readonly decoding: DecodingWish;
  readonly engine: EngineChoice;
  readonly quiet: boolean;
  readonly signal: AbortSignal;
  /** Told of what the user should know. */
  readonly say: (remark: string) => void;
}

/** What is said of decoding with a language model. */
export interface DecodingWish {
  readonly lm?: string | undefined;
  readonly lexicon?: string | undefined;
  readonly beam?: number | undefined;
  readonly lmWeight?: number | undefined;
  readonly wordScore?: number | undefined;
}

/**
 * Checks settings, encoder and manifest, then fine-tunes.
 * @throws UserError for any of them, before a file is written
 */
export async function finetuneFromManifest(request: FinetuneRequest): Promise<FinetuneResult> {
  const { spec, weights, manifest, dev, root, out, resume, keepOutput, checkpointSeconds } = request;
  const { tensorboard, quiet, signal, say } = request;
  checkNumbers(request);
  const lm = decodingOf(request.decoding);
  const { settings, preset, plugins } = await planFinetuning(request);
  await loadPlugins(plugins);
  const encoder = await loadEncoder(spec, settings.seed, { weights, quiet });
  for (const remark of remarksOn(encoder)) say(remark);
  const engine = await chosenEngine(request.engine, say);
  return finetune({
    ...{ encoder, settings, preset, lm, keepOutput, manifest, dev, root, out, engine },
    ...{ resume, checkpointSeconds, tensorboard, quiet, signal, say },
  });
}

function checkNumbers({ steps, seed, checkpointSeconds, decoding }: FinetuneRequest): void {
  for (const [option, value, least] of [
    ['steps', steps, 1],
    ['seed', seed, 0],
    ['beam', decoding.beam, 1],
  ] as const) {
    if (value === undefined || (Number.isInteger(value) && value >= least)) continue;
    throw new UserError(`--${option} ${value}: expected a whole number, ${least} or more`);
  }
  if (checkpointSeconds !== undefined && !(checkpointSeconds >= 0))
    throw new UserError(
      `--checkpoint-every ${checkpointSeconds}: expected a number of seconds, such as 30 (0: after every update)`,
    );
}

/** @throws UserError for options of a language model where none is given */
function decodingOf({ lm, lexicon, beam, lmWeight, wordScore }: DecodingWish): DecodingLm | undefined {
  if (wordScore !== undefined && lmWeight === undefined)
    throw new UserError('--word-score needs --lm-weight', { hint: 'Without both, they are searched on dev' });
  const others = { lexicon, beam, 'lm-weight': lmWeight };
  if (lm === undefined) {
    const [named] = Object.entries(others).find(([, value]) => value !== undefined) ?? [];
    if (named === undefined) return undefined;
    throw new UserError(`--${named} needs a language model`, { hint: 'Pass one with --lm' });
  }
  const weights =
    lmWeight === undefined
      ? undefined
      : { ...usualWeights, lm: lmWeight, ...(wordScore !== undefined && { word: wordScore }) };
  return decodingLmSchema.parse({ arpa: lm, lexicon, beam, weights });
}

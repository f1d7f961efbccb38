/** @file A pre-training run from what the command line says. */

import { UserError } from '../../base/errors.js';
import { loadUtterances } from '../../data/manifest.js';
import type { EngineChoice } from '../../engine/choice.js';
import { loadPlugins } from '../../plugins/load.js';
import { missingPlugins, runFolder } from '../../pretrain/run-folder.js';
import { stepScalars } from '../../pretrain/step-scalars.js';
import { type PretrainResult, pretrain } from '../../pretrain/train.js';
import type { Probed } from '../../results/probes-file.js';
import { type PretrainWish, planPretraining } from '../../suite/pretraining.js';
import { probesOfSuite } from '../../suite/probe/of-suite.js';
import { usualProbeEvery, usualProbeLimit } from '../../suite/probe/plan.js';
import { probingOf } from '../../suite/probe/probe.js';
import { fallenTexts, probedText, probeScalars } from '../../suite/probe/text.js';
import { scalarLog } from '../../training/scalar-log.js';
import { chosenEngine } from '../engine.js';

export interface PretrainRequest extends PretrainWish {
  readonly manifest: string;
  readonly root: string | undefined;
  readonly split: string;
  readonly out: string;
  readonly resume: boolean;
  readonly engine: EngineChoice;
  /** Folder for event files of TensorBoard. */
  readonly tensorboard?: string | undefined;
  /** File or name of the suite whose tasks probe the encoder while it trains. */
  readonly probe?: string | undefined;
  /** Updates between probes (default: a tenth of all, at least 200). */
  readonly every?: number | undefined;
  /** Train utterances of a probed task at most. */
  readonly probeLimit?: number | undefined;
  readonly quiet: boolean;
  readonly signal: AbortSignal;
  /** Told of what the user should know. */
  readonly say: (remark: string) => void;
}

/**
 * Checks preset, settings, plug-ins, masking, steps, the checkpoint to start from and manifest, then pre-trains. A run that goes on loads the plug-in that it
 * began with.
 * @throws UserError for any of them, before a file is written
 */
export async function pretrainFromManifest(request: PretrainRequest): Promise<PretrainResult> {
  const { manifest, root, split, out, resume, quiet, signal, say } = request;
  checkNumbers(request);
  if (resume) await loadPlugins(await missingPlugins(runFolder(out)));
  const { config, init, remarks } = await planPretraining(request, quiet);
  for (const remark of remarks) say(remark);
  const utterances = await loadUtterances(manifest, { root, splits: [split], keepColumns: false });
  const { probe, every = usualProbeEvery(config), probeLimit = usualProbeLimit } = request;
  const probes =
    probe === undefined ? undefined : await probesOfSuite(probe, probeLimit, { quiet, signal, say });
  const engine = await chosenEngine(request.engine, say);
  const log = request.tensorboard === undefined ? undefined : scalarLog(request.tensorboard);
  const all: Probed[] = [];
  const onProbed = (probed: Probed): void => {
    all.push(probed);
    log?.(probed.update, probeScalars(probed));
    say(probedText(probed));
  };
  const probing = probes && probingOf({ probes, every, config, out, engine, signal, say, onProbed });
  const result = await pretrain({
    ...{ config, init, utterances, out, engine, resume, quiet, signal, say, probing },
    onStep: (step) => log?.(step.step, stepScalars(step)),
  });
  if (result.finished) for (const line of fallenTexts(all)) say(line);
  return result;
}

function checkNumbers({ steps, seed, probe, every, probeLimit }: PretrainRequest): void {
  for (const [option, value] of [
    ['every', every],
    ['probe-limit', probeLimit],
  ] as const)
    if (value !== undefined && probe === undefined)
      throw new UserError(`--${option} needs --probe`, { hint: 'Name a suite, such as --probe mini' });
  for (const [option, value, least] of [
    ['steps', steps, 1],
    ['seed', seed, 0],
    ['every', every, 1],
    ['probe-limit', probeLimit, 2],
  ] as const) {
    if (value === undefined || (Number.isInteger(value) && value >= least)) continue;
    throw new UserError(`--${option} ${value}: expected a whole number, ${least} or more`);
  }
}
